import { describe, expect, it } from 'vitest';
import { fit, rank, type Found } from './find';

const item = (kind: string, name: string): Found => ({ kind, name, run: '/' });

describe('find', () => {
  it('prefers beginnings, then words, then letters in order', () => {
    const items = ['live.clicks_windows', 'bronze.clicks', 'clicks', 'cold.lists', 'c.l.i.c.k.s'].map((n) => item('table', n));
    expect(rank(items, 'clicks', 10).map((i) => i.name)).toEqual(['clicks', 'bronze.clicks', 'live.clicks_windows', 'c.l.i.c.k.s']);
  });
  it('finds by kind and name together', () => {
    expect(rank([item('flow', 'clicks.table'), item('table', 'bronze.clicks')], 'flow cli', 5).map((i) => i.kind)).toEqual(['flow']);
  });
  it('says no to what is not there', () => {
    expect(fit('bronze.clicks', 'zz')).toBeNull();
    expect(rank([item('table', 'a')], 'z', 5)).toEqual([]);
  });
});
