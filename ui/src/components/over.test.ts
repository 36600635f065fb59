import { describe, expect, it } from 'vitest';
import { drawn } from './Over';

const history = (series: Record<string, (number | null)[]>) => ({
  range: '1h', first: '2026-11-30T10:00:00Z', step_ms: 10_000, left_out: 0, series: Object.entries(series).map(([name, values]) => ({ name, values })),
});
const unit = String;

describe('history', () => {
  it('has a time for each point, and gaps where nothing is known', () => {
    const picture = drawn(history({ 'lag:a': [1, null, 3] }), { label: 'Lag', series: { 'lag:a': 'lag' }, unit });
    expect(picture.times).toEqual([0, 10_000, 20_000].map((ms) => Date.parse('2026-11-30T10:00:00Z') + ms));
    expect(picture.series).toEqual([{ name: 'lag', values: [1, null, 3] }]);
  });
  it('leaves out what is not known, and says how many lines are not drawn', () => {
    expect(drawn(undefined, { label: '', series: { x: 'x' }, unit }).series).toEqual([]);
    expect(drawn(history({ x: [null, null] }), { label: '', series: { x: 'x', y: 'y' }, unit }).series).toEqual([]);
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`lag:${i}`, [i, 0]]));
    const picture = drawn(history(many), { label: '', series: Object.fromEntries(Object.keys(many).map((n) => [n, n])), unit });
    expect(picture.series.map((s) => s.name)).toEqual(['lag:9', 'lag:8', 'lag:7', 'lag:6', 'lag:5', 'lag:4', 'lag:3', 'lag:2']);
    expect(picture.left).toBe(2);
  });
});
