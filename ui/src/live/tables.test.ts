import { describe, expect, it } from 'vitest';
import type { Commit, TableColumn, TableDetail, TableLayout } from '../api/types';
import { bytes } from '../format';
import { asOf, changesSql, growth, partitionName, quoted, rowsSql, schemaLines, sizeRanges, switches } from './tables';

const commit = (version: number, rows: number | null): Commit => ({
  version, time: new Date(version * 1000).toISOString(), operation: 'WRITE', parameters: {}, metrics: {}, engine: '', isolation: '', user_metadata: '', read_version: null, txn: null,
  files_added: 0, bytes_added: 0, files_removed: 0, bytes_removed: 0, vectors: 0, rows_written: null, rows,
});

describe('growth', () => {
  it('is that of the rows of each version, whatever the commits did', () => {
    const all = [commit(4, 40), commit(3, 25), commit(2, 25), commit(1, 40), commit(0, 0)]; // restored, optimized, deleted, written, made
    expect(growth(all)).toEqual({ times: [0, 1000, 2000, 3000, 4000], rows: [0, 40, 25, 25, 40], added: [0, 40, 0, 0, 15], removed: [0, 0, 15, 0, 0] });
  });
  it('says nothing of what is not known', () => {
    expect(growth([commit(9, 30), commit(8, null), commit(7, 10)])).toMatchObject({ rows: [10, null, 30], added: [null, null, null], removed: [null, null, null] });
  });
});

describe('names and SQL', () => {
  it('quotes what SQL would not take', () => {
    expect(quoted('bronze.clicks')).toBe('bronze.clicks');
    expect(quoted('bronze.my-table')).toBe('bronze."my-table"');
  });
  it('reads as of a version, or a time, or the newest', () => {
    expect(rowsSql('a.t', asOf('', ''))).toBe('select * from a.t limit 100');
    expect(rowsSql('a.t', asOf('12', '2026-01-01T00:00:00Z'))).toBe('select * from a.t AT (VERSION => 12) limit 100');
    expect(rowsSql('a.T', asOf('', '2026-01-01T01:00:00+01:00'))).toBe('select * from a."T" AT (TIMESTAMP => \'2026-01-01T00:00:00.000Z\') limit 100');
    expect([asOf('-1', ''), asOf('1e3', ''), asOf('x', 'no time')]).toEqual([null, null, null]);
  });
  it('names a table in a text of SQL', () => {
    expect(changesSql("a.it's", 3)).toBe("select * from table_changes('a.it''s', 3, 3) limit 1000");
  });
});

const column = (name: string, type: string, parts: TableColumn[] = []): TableColumn => ({ name, type, nullable: true, comment: '', generated: null, default: null, id: null, physical: '', parts });
const detail = (schema: TableColumn[], more: Partial<TableDetail> = {}): TableDetail => ({
  name: 'a.t', id: '', path: '', description: '', version: 1, columns: [], partition_by: [], properties: {}, files: 0, bytes: 0, rows: 0, created: '', last_commit: '', rows_per_second: null,
  schema, cluster_by: [], column_mapping: 'none', protocol: { reader: 1, writer: 2, features: [] }, ...more,
});

describe('the tree of columns', () => {
  const nested = column('lines', 'array<struct<id:long>>', [column('element', 'struct', [column('id', 'long')])]);
  const table = detail([column('id', 'long'), nested, column('_date', 'date')], { partition_by: ['_date'], cluster_by: ['id', 'lines'] });
  it('has each part below what it is a part of', () => {
    expect(schemaLines(table, new Set()).map((l) => [l.depth, l.column.name, l.open])).toEqual([[0, 'id', null], [0, 'lines', true], [1, 'element', true], [2, 'id', null], [0, '_date', null]]);
  });
  it('hides what is in a closed one', () => {
    const lines = schemaLines(table, new Set());
    expect(schemaLines(table, new Set([lines[1]?.path ?? ''])).map((l) => l.column.name)).toEqual(['id', 'lines', '_date']);
    expect(new Set(lines.map((l) => l.path)).size).toBe(lines.length);
  });
  it('says which columns lay out the files, and not fields of the same name', () => {
    expect(schemaLines(table, new Set()).map((l) => l.role)).toEqual(['clusters the files, 1', 'clusters the files, 2', '', '', 'partitions the files']);
  });
  it('says what is on and what is off', () => {
    const on = switches(detail([], { properties: { 'delta.appendOnly': 'true', 'delta.enableChangeDataFeed': 'false' }, column_mapping: 'name' })).filter((s) => s.on).map((s) => s.name);
    expect(on).toEqual(['Append only', 'Column mapping']);
  });
});

describe('files', () => {
  const group = { files: 0, bytes: 0, rows: 0, vectors: 0, deleted_rows: 0, small: 0 };
  const layout = (files: number[]): TableLayout => ({ table: 'a.t', version: 1, target_bytes: 128 << 20, all: group, partition_by: [], partition_count: 0, partitions: [], others: group, sizes: [10_000, 30_000, 100_000_000, null].map((below, i) => ({ below, files: files[i] ?? 0, bytes: 0 })) });
  it('are counted in ranges from the smallest that has some to the largest', () => {
    expect(sizeRanges(layout([0, 3, 0, 1]), bytes).map((r) => [r.name, r.files, r.small])).toEqual([['10.0 kB – 30.0 kB', 3, true], ['30.0 kB – 100 MB', 0, true], ['100 MB and more', 1, false]]);
    expect(sizeRanges(layout([2]), bytes).map((r) => r.name)).toEqual(['below 10.0 kB']);
    expect(sizeRanges(layout([]), bytes)).toEqual([]);
  });
  it('of a partition are named after its values', () => {
    expect(partitionName(['a', 'b'], ['x', null])).toBe('a=x / b=null');
  });
});
