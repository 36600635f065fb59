import { describe, expect, it } from 'vitest';
import { barData, plan, seriesLimit, sets, timeData, type Value } from './infer';

const columns = (spec: Record<string, string>) => Object.entries(spec).map(([name, type]) => ({ name, type }));
const windows = columns({ window_start: 'TIMESTAMPTZ', page: 'VARCHAR', country: 'VARCHAR', page_views: 'BIGINT', users: 'BIGINT', grouping_set: 'INTEGER' });
const key = ['window_start', 'page', 'country', 'grouping_set'];

describe('plan', () => {
  it('puts the time on x, counts as lines, keys as series', () => {
    expect(plan(windows, key)).toEqual({ kind: 'time', x: 'window_start', measures: ['page_views', 'users'], series: ['page', 'country'], set: 'grouping_set' });
  });
  it('draws bars where there is no time', () => {
    expect(plan(columns({ category: 'VARCHAR', clicks: 'BIGINT', share: 'DECIMAL(18,2)' }))).toMatchObject({ kind: 'bars', x: 'category', measures: ['clicks', 'share'] });
  });
  it('does not sum what names something, and draws nothing without a number', () => {
    expect(plan(columns({ event_time: 'TIMESTAMP', user_id: 'BIGINT', _offset: 'BIGINT', name: 'VARCHAR' }))).toBeNull();
    expect(plan(columns({ clicks: 'BIGINT' }))).toBeNull();
  });
});

describe('data', () => {
  const p = plan(windows, key) as NonNullable<ReturnType<typeof plan>>;
  const row = (t: number, page: string | null, country: string | null, views: number, set: number): Value[] => [new Date(t).toISOString(), page, country, views, 1, set];

  it('splits by category and leaves gaps where a series has no value', () => {
    const data = timeData(windows, [row(2000, 'b', null, 5, 1), row(1000, 'a', null, 9, 1), row(2000, 'a', null, 1, 1)], p, 'page_views');
    expect(data.times).toEqual([1000, 2000]);
    expect(data.series).toEqual([{ name: 'a', values: [9, 1] }, { name: 'b', values: [null, 5] }]);
  });
  it('says how many series are left out', () => {
    const rows = Array.from({ length: 30 }, (_, i) => row(1000, `p${i}`, null, i, 1));
    const data = timeData(windows, rows, p, 'page_views');
    expect(data.series).toHaveLength(seriesLimit);
    expect(data.left).toBe(30 - seriesLimit);
    expect(data.series[0]?.name).toBe('p29');
  });
  it('names grouping sets by what they group', () => {
    const rows = [row(1000, null, null, 3, 0), row(1000, 'a', null, 3, 1), row(1000, null, 'PL', 3, 2)];
    expect(sets(windows, rows, p)).toEqual([{ value: '0', name: 'total' }, { value: '1', name: 'by page' }, { value: '2', name: 'by country' }]);
  });
  it('sums bars and puts the longest first', () => {
    const c = columns({ k: 'VARCHAR', n: 'BIGINT' });
    const b = plan(c) as NonNullable<ReturnType<typeof plan>>;
    expect(barData(c, [['x', 1], ['y', 5], ['x', 2], [null, 4]], b, 'n').bars).toEqual([{ name: 'y', value: 5 }, { name: 'null', value: 4 }, { name: 'x', value: 3 }]);
  });
});
