import { describe, expect, it } from 'vitest';
import { Exact } from '../api/exact';
import type { Value } from '../chart/infer';
import { points, shapeOf, sizeOf, topBars, Windows, type Shape } from './windows';

const typed = (spec: Record<string, string>) => Object.entries(spec).map(([name, type]) => ({ name, type }));
const clicks = typed({ window_start: 'TIMESTAMPTZ', page: 'VARCHAR', category: 'VARCHAR', page_views: 'BIGINT', users: 'BIGINT', grouping_set: 'INTEGER' });
const clicksKey = ['window_start', 'page', 'category', 'grouping_set'];
const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000).toISOString();
const total = (s: number, views: number): Value[] => [at(s), null, null, views, 1, 0];
const page = (s: number, name: string | null, views: number): Value[] => [at(s), name, null, views, 1, 1];
const windows = (keep?: number) => new Windows(shapeOf(clicks, clicksKey) as Shape, keep);
const totals = (w: Windows) => w.sorted().map((x) => x.sets.get('0')?.get('[null,null]')?.measures[0]);

describe('windows', () => {
  it('keep the newest batch of a row, in whatever order answers come', () => {
    const w = windows();
    w.apply({ batch_id: 7, columns: clicks, rows: [total(0, 70)] });
    w.apply({ batch_id: 5, columns: clicks, rows: [total(0, 50), total(5, 55)] });
    expect(totals(w)).toEqual([70, 55]);
    expect(w.batch_id).toBe(7);
  });
  it('are open until the watermark has passed their end', () => {
    const w = windows();
    w.apply({ batch_id: 1, columns: clicks, rows: [total(0, 1), total(5, 2), total(10, 3)] });
    w.watermark = Date.parse(at(10));
    expect(w.size()).toBe(5000);
    expect(w.sorted().map((x) => w.isOpen(x))).toEqual([false, false, true]);
    expect(w.firstOpen()).toBe(Date.parse(at(10)));
    expect(points(w, 2, '0', '[null,null]', 0).map((p) => [p.value, p.open])).toEqual([[2, false], [3, true]]);
  });
  it('are as long as the model says, though some have no rows', () => {
    const w = windows();
    w.apply({ batch_id: 1, columns: clicks, rows: [total(0, 1), total(60, 2)] });
    w.watermark = Date.parse(at(66));
    expect(w.newestOpen()?.start).toBe(Date.parse(at(60)));
    w.knownSize = sizeOf("select tumble(event_time, interval '5 seconds') as window_start");
    expect(w.newestOpen()).toBeNull();
    expect(w.firstOpen()).toBeNull();
    expect([sizeOf("tumble(t, interval '10' minute)"), sizeOf('tumble(at, INTERVAL 1 HOUR)'), sizeOf("tumble(t, interval '1 month')"), sizeOf('select 1')]).toEqual([600_000, 3_600_000, 0, 0]);
  });
  it('are open while no watermark is known, or their length', () => {
    const w = windows();
    w.apply({ batch_id: 1, columns: clicks, rows: [total(0, 1)] });
    expect(w.newestClosed()).toBeNull();
    w.watermark = Date.parse(at(100));
    expect(w.newestClosed()).toBeNull();
  });
  it('forget the oldest', () => {
    const w = windows(1);
    w.apply({ batch_id: 1, columns: clicks, rows: [total(0, 1), total(5, 2), total(20, 3)] });
    expect(totals(w)).toEqual([3]);
  });
  it('rank groups by the closed window and show the open one beside', () => {
    const w = windows();
    w.apply({ batch_id: 1, columns: clicks, rows: [page(0, 'a', 1), page(0, 'b', 9), page(0, null, 4), page(5, 'b', 2), total(5, 2)] });
    w.watermark = Date.parse(at(5));
    expect(w.sets()).toEqual([{ id: '0', dims: [] }, { id: '1', dims: ['page'] }]);
    const { bars, others } = topBars(w, { id: '1', dims: ['page'] }, 0, 2);
    expect(bars.map(({ name, closed, open }) => [name, closed, open])).toEqual([['b', 9, 2], ['(none)', 4, null]]);
    expect(others).toBe(1);
  });
});

describe('views of any project', () => {
  const orders = typed({ hour: 'TIMESTAMPTZ', shop: 'VARCHAR', method: 'BIGINT', amount: 'DECIMAL(18,2)', ids: 'HUGEINT' });
  const key = ['hour', 'shop', 'method'];
  it('have their own key and measures, without grouping sets', () => {
    const shape = shapeOf(orders, key);
    expect(shape).toEqual({ time: 'hour', dims: ['shop', 'method'], measures: ['amount', 'ids'], set: null });
    const w = new Windows(shape as Shape);
    const sum = new Exact('73314510714175489');
    w.apply({ batch_id: 1, columns: orders, rows: [[at(0), 'Łódź', 2, 12.5, sum], [at(0), 'Łódź', null, 20, 1], [at(3600), 'Łódź', 2, 1, 2]] });
    w.watermark = Date.parse(at(3600));
    const [set] = w.sets();
    expect(set).toEqual({ id: '', dims: ['shop', 'method'] });
    expect(topBars(w, set as NonNullable<typeof set>, 1, 5).bars.map((b) => [b.name, b.closed, b.open])).toEqual([['Łódź · 2', sum, 2], ['Łódź · (none)', 1, null]]);
  });
  it('without a time in their key, or nothing measured, are no windows', () => {
    expect(shapeOf(typed({ shop: 'VARCHAR', last: 'TIMESTAMPTZ', amount: 'BIGINT' }), ['shop'])).toBeNull();
    expect(shapeOf(typed({ hour: 'TIMESTAMPTZ', shop: 'VARCHAR' }), ['hour', 'shop'])).toBeNull();
  });
});
