import { describe, expect, it } from 'vitest';
import { address, nodeAddress } from './router';

describe('addresses', () => {
  it('leave out what is not given and take any name', () => {
    expect(address('/table', { name: 'bronze.a b', tab: '', at: null })).toBe('/table?name=bronze.a+b');
    expect(address('/topics')).toBe('/topics');
    expect(address('/trace', { partition: 0, offset: 0 })).toBe('/trace?partition=0&offset=0');
  });
  it('lead from each node of the map to its page', () => {
    expect(nodeAddress('table:bronze.clicks')).toBe('/table?name=bronze.clicks');
    expect(nodeAddress('flow:a:b')).toBe('/flow?name=a%3Ab');
    expect(nodeAddress('dashboard:page')).toBe('/views');
    expect(nodeAddress('producer:clicks')).toBe('/demo');
  });
});
