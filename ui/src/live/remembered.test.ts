import { describe, expect, it } from 'vitest';
import { keep, mostRan, read, withRan, withSaved, type Ran } from './remembered';

const ran = (sql: string, at = 1): Ran => ({ sql, at, rows: 1 });

describe('remembered queries', () => {
  it('stand newest first, once each, and not without end', () => {
    expect(withRan([ran('a'), ran('b')], ran('b', 2))).toEqual([ran('b', 2), ran('a')]);
    const many = Array.from({ length: mostRan }, (_, i) => ran(`select ${i}`));
    expect(withRan(many, ran('new'))).toHaveLength(mostRan);
  });
  it('are saved by name, one of each', () => {
    const list = withSaved([{ name: 'b', sql: '1' }], { name: 'a', sql: '2' });
    expect(list.map((s) => s.name)).toEqual(['a', 'b']);
    expect(withSaved(list, { name: 'b', sql: '3' })).toEqual([{ name: 'a', sql: '2' }, { name: 'b', sql: '3' }]);
  });
  it('are kept as text, and broken text is none', () => {
    const box = new Map<string, string>();
    keep('k', [ran('a')], { setItem: (k, v) => void box.set(k, v) });
    expect(read('k', { getItem: (k) => box.get(k) ?? null })).toEqual([ran('a')]);
    for (const text of ['{', '3', '[null, {"sql": 3}]', '']) expect(read('k', { getItem: () => text })).toEqual([]);
    expect(() => keep('k', [], { setItem: () => { throw new Error('full'); } })).not.toThrow();
  });
});
