import { describe, expect, it } from 'vitest';
import { Windows, shapeOf, topBars } from './windows';

const columns = ['window_start', 'page', 'category', 'country', 'page_views', 'users', 'grouping_set'].map((name) => ({
  name,
  type: 'x',
}));
const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000).toISOString();
const total = (s: number, views: number) => [at(s), null, null, null, views, 1, 0];
const page = (s: number, name: string | null, views: number) => [at(s), name, null, null, views, 1, 1];

describe('windows', () => {
  it('keeps the newest batch of a row, in whatever order answers come', () => {
    const w = new Windows();
    w.apply({ batch_id: 7, columns, rows: [total(0, 70)] });
    w.apply({ batch_id: 5, columns, rows: [total(0, 50), total(5, 55)] });
    expect(w.sorted().map((x) => x.total?.views)).toEqual([70, 55]);
    expect(w.batch_id).toBe(7);
  });
  it('tells open from closed by the watermark', () => {
    const w = new Windows();
    w.apply({ batch_id: 1, columns, rows: [total(0, 1), total(5, 2), total(10, 3)] });
    w.watermark = Date.parse(at(10));
    expect(w.size()).toBe(5000);
    expect(w.newestClosed()?.total?.views).toBe(2);
    expect(w.newestOpen()?.total?.views).toBe(3);
  });
  it('calls every window open while no watermark is known', () => {
    const w = new Windows();
    w.apply({ batch_id: 1, columns, rows: [total(0, 1), total(5, 2)] });
    expect(w.newestClosed()).toBeNull();
  });
  it('forgets what is older than it keeps', () => {
    const w = new Windows(10_000);
    w.apply({ batch_id: 1, columns, rows: [total(0, 1), total(5, 2), total(20, 3)] });
    expect(w.sorted().map((x) => x.total?.views)).toEqual([3]);
  });
  it('ranks groups by the closed window and shows the open one beside', () => {
    const w = new Windows();
    w.apply({ batch_id: 1, columns, rows: [page(0, 'a', 1), page(0, 'b', 9), page(0, null, 4), page(5, 'b', 2), total(5, 2)] });
    w.watermark = Date.parse(at(5));
    const { bars, others } = topBars(w.newestClosed(), w.newestOpen(), 'page', 2);
    expect(bars).toEqual([
      { name: 'b', closed: 9, open: 2, users: 1 },
      { name: '(none)', closed: 4, open: 0, users: 1 },
    ]);
    expect(others).toBe(1);
  });
  it('refuses views of another form', () => {
    expect(shapeOf([{ name: 'window_start' }])).toBeNull();
  });
});
