// What a table's page says of its history, columns and files.
import type { Commit, TableColumn, TableDetail, TableLayout } from '../api/types';

// A name as SQL takes it: schema.table stays as it is where it can.
export function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

// Where in a table's past: the newest version, one of them, or the newest that is not younger than an instant.
export type AsOf = { version: number } | { time: string } | null;

export function asOf(version: string, time: string): AsOf {
  if (/^\d{1,15}$/.test(version)) return { version: Number(version) };
  return time !== '' && !Number.isNaN(Date.parse(time)) ? { time: new Date(time).toISOString() } : null;
}
export function rowsSql(name: string, at: AsOf): string {
  const where = at === null ? '' : 'version' in at ? ` AT (VERSION => ${at.version})` : ` AT (TIMESTAMP => ${literal(at.time)})`;
  return `select * from ${quoted(name)}${where} limit 100`;
}
export const changesSql = (name: string, version: number) => `select * from table_changes(${literal(name)}, ${version}, ${version}) limit 1000`;

// Rows of each version, oldest first, and what each commit added or took away; null where files have no count.
export interface Growth {
  times: number[];
  rows: (number | null)[];
  added: (number | null)[];
  removed: (number | null)[];
}
export function growth(commits: Commit[]): Growth {
  const oldestFirst = [...commits].sort((a, b) => a.version - b.version);
  const out: Growth = { times: [], rows: [], added: [], removed: [] };
  oldestFirst.forEach((c, i) => {
    const before = c.version === 0 ? 0 : oldestFirst[i - 1]?.rows ?? null;
    const change = c.rows === null || before === null ? null : c.rows - before;
    out.times.push(Date.parse(c.time));
    out.rows.push(c.rows);
    out.added.push(change === null ? null : Math.max(0, change));
    out.removed.push(change === null ? null : Math.max(0, -change));
  });
  return out;
}

// A line of the tree of columns. `path` tells it from all others.
export interface SchemaLine {
  column: TableColumn;
  path: string;
  depth: number;
  role: string;
  open: boolean | null; // null: nothing is in it
}
export function schemaLines(table: TableDetail, closed: ReadonlySet<string>): SchemaLine[] {
  const out: SchemaLine[] = [];
  const walk = (columns: TableColumn[], depth: number, under: string, named: string) => {
    for (const column of columns) {
      const path = `${under}${depth}:${column.name}/`;
      const name = named + column.name;
      const open = column.parts.length === 0 ? null : !closed.has(path);
      out.push({ column, path, depth, role: roleOf(table, name), open });
      if (open) walk(column.parts, depth + 1, path, `${name}.`);
    }
  };
  walk(table.schema, 0, '', '');
  return out;
}
function roleOf(table: TableDetail, name: string): string {
  const at = table.cluster_by.indexOf(name);
  if (table.partition_by.includes(name)) return 'partitions the files';
  if (at >= 0) return `clusters the files${table.cluster_by.length > 1 ? `, ${at + 1}` : ''}`;
  return name.startsWith('_') ? 'where the row came from' : '';
}

// What a table's properties turn on and off, said whether or not they are set.
export function switches(table: TableDetail): { name: string; on: boolean; about: string }[] {
  const on = (key: string) => table.properties[key]?.toLowerCase() === 'true';
  return [
    { name: 'Deletion vectors', on: on('delta.enableDeletionVectors'), about: 'a DELETE, UPDATE or MERGE marks rows instead of writing their files anew' },
    { name: 'Change feed', on: on('delta.enableChangeDataFeed'), about: 'each commit keeps which rows it inserted, updated and deleted' },
    { name: 'Append only', on: on('delta.appendOnly'), about: 'rows are added, never changed or deleted' },
    { name: 'Row tracking', on: on('delta.enableRowTracking'), about: 'each row keeps an id through updates' },
    { name: 'Column mapping', on: table.column_mapping !== 'none', about: 'columns are renamed and dropped without writing files anew' },
  ];
}

// A partition as one text: "_date=2026-01-01 / _hour=7".
export const partitionName = (columns: string[], values: (string | null)[]) => columns.map((c, i) => `${c}=${values[i] ?? 'null'}`).join(' / ');

export const meanFile = (group: { files: number; bytes: number }): number | null => (group.files === 0 ? null : group.bytes / group.files);

// The ranges that have files, and those between: "10 kB – 30 kB".
export function sizeRanges(layout: TableLayout, unit: (n: number) => string): { name: string; files: number; bytes: number; small: boolean }[] {
  const ranges = layout.sizes.map((s, i) => {
    const from = layout.sizes[i - 1]?.below ?? 0;
    const name = s.below === null ? `${unit(from)} and more` : from === 0 ? `below ${unit(s.below)}` : `${unit(from)} – ${unit(s.below)}`;
    return { name, files: s.files, bytes: s.bytes, small: s.below !== null && s.below <= layout.target_bytes * 0.75 };
  });
  const first = ranges.findIndex((r) => r.files > 0);
  const last = ranges.findLastIndex((r) => r.files > 0);
  return first < 0 ? [] : ranges.slice(first, last + 1);
}
