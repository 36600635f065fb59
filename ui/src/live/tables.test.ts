import { describe, expect, it } from 'vitest';
import type { Commit } from '../api/types';
import { growth, quoted } from './tables';

const commit = (version: number, rows?: number, operation = 'WRITE'): Commit => ({
  version, time: new Date(version * 1000).toISOString(), operation, parameters: {}, metrics: rows === undefined ? {} : { numOutputRows: String(rows) }, engine: '', txn: null,
});

describe('growth', () => {
  it('goes back from the newest version', () => {
    expect(growth([commit(3, 5), commit(2, 10), commit(1, 20)], 35)).toEqual({ times: [1000, 2000, 3000], rows: [20, 30, 35], added: [20, 10, 5] });
  });
  it('says nothing of what is older than an unknown commit', () => {
    expect(growth([commit(3, 5), commit(2), commit(1, 20)], 35).rows).toEqual([null, 30, 35]);
    expect(growth([commit(2, 1, 'MERGE'), commit(1, 20)], 30).rows).toEqual([null, 30]);
    expect(growth([commit(1, 20)], null).rows).toEqual([null]);
  });
});

describe('names', () => {
  it('quotes what SQL would not take', () => {
    expect(quoted('bronze.clicks')).toBe('bronze.clicks');
    expect(quoted('bronze.my-table')).toBe('bronze."my-table"');
  });
});
