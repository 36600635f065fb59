// What a commit of a table says of itself, for people: by Tarn, Spark and delta-rs, which name the same differently.
import type { Commit } from '../api/types';
import { bytes, compact, count, milliseconds } from '../format';

const camel = (key: string) => key.replaceAll(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

function metric(c: Commit, ...names: string[]): number | null {
  for (const [key, text] of Object.entries(c.metrics)) {
    const value = Number(text);
    if (names.includes(camel(key)) && text !== '' && Number.isFinite(value)) return value;
  }
  return null;
}

export interface RowCounts {
  inserted: number | null;
  updated: number | null;
  deleted: number | null;
  copied: number | null; // written anew with the files of the others, unchanged
}
const changing = /^(DELETE|UPDATE|MERGE)/;

export function rowCounts(c: Commit): RowCounts {
  const inserted = metric(c, 'numTargetRowsInserted', 'numOutputRows', 'numAddedRows', 'numInsertedRows');
  const updated = metric(c, 'numTargetRowsUpdated', 'numUpdatedRows');
  const deleted = metric(c, 'numTargetRowsDeleted', 'numDeletedRows');
  const isChange = changing.test(c.operation);
  // A MERGE of Spark counts all that it wrote as its output, too.
  const ownInserted = isChange ? metric(c, 'numTargetRowsInserted') : inserted;
  const told = metric(c, 'numTargetRowsCopied', 'numCopiedRows');
  const known = isChange && (updated !== null || deleted !== null || ownInserted !== null) && c.rows_written !== null;
  const copied = told ?? (known ? Math.max(0, (c.rows_written ?? 0) - (ownInserted ?? 0) - (updated ?? 0)) : null);
  return { inserted: ownInserted, updated, deleted, copied };
}

// "write · append", "optimize · z-order".
export function operationName(c: Commit): string {
  const name = c.operation.toLowerCase().replaceAll('_', ' ');
  if (c.parameters.mode) return `${name} · ${c.parameters.mode.toLowerCase()}`;
  return c.operation === 'OPTIMIZE' && list(c.parameters.zOrderBy).length > 0 ? `${name} · z-order` : name;
}

// JSON lists as they are read, other texts as they stand.
export function list(text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  try {
    const value = JSON.parse(text) as unknown;
    if (Array.isArray(value)) return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  } catch {
    // a text
  }
  return [text];
}

const rowsOf = (n: number) => `${compact(n)} ${n === 1 ? 'row' : 'rows'}`;
const filesOf = (n: number) => `${count(n)} ${n === 1 ? 'file' : 'files'}`;

// One line: what it did to rows, else to files, else what it is about.
export function summary(c: Commit): string {
  const rows = rowCounts(c);
  const said = ([['inserted', rows.inserted], ['updated', rows.updated], ['deleted', rows.deleted], ['copied', rows.copied]] as const)
    .filter(([, n]) => n !== null && n > 0)
    .map(([what, n]) => `${rowsOf(n ?? 0)} ${what}`);
  if (c.operation === 'RESTORE') said.unshift(c.parameters.version ? `back to version ${c.parameters.version}` : 'back to an older version');
  if (c.operation === 'OPTIMIZE') return `${filesOf(c.files_removed)} became ${count(c.files_added)}${c.bytes_removed > c.bytes_added ? `, ${bytes(c.bytes_removed - c.bytes_added)} less` : ''}`;
  if (c.operation.startsWith('VACUUM')) {
    const gone = metric(c, 'numDeletedFiles', 'numFilesToDelete');
    return gone === null ? '' : `${filesOf(gone)} ${c.operation === 'VACUUM END' ? 'removed from the disk' : 'to remove from the disk'}`;
  }
  if (said.length > 0) return said.join(', ');
  const files = [c.files_added > 0 ? `${filesOf(c.files_added)} added` : '', c.files_removed > 0 ? `${filesOf(c.files_removed)} removed` : '', c.vectors > 0 ? `${filesOf(c.vectors)} with other deletion vectors` : ''].filter(Boolean);
  if (files.length > 0) return files.join(', ');
  const { oldColumnPath, newColumnPath } = c.parameters;
  if (oldColumnPath && newColumnPath) return `${oldColumnPath} is ${newColumnPath} now`;
  const about = c.parameters.columns ?? c.parameters.column ?? c.parameters.properties ?? '';
  return about.length > 80 ? `${about.slice(0, 79)}…` : about;
}

// numTargetRowsInserted → "target rows inserted".
export function metricName(key: string): string {
  const words = camel(key).replace(/^num(Of)?(?=[A-Z])/, '').replaceAll(/([A-Z])/g, ' $1').trim().toLowerCase();
  return words.replace(/ ms$/, '');
}
export function metricValue(key: string, text: string): string {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) return text;
  if (/time_?ms$/i.test(key)) return milliseconds(value);
  return /bytes|size$/i.test(key) && Number.isInteger(value) ? bytes(value) : count(value);
}

// Operations that there are, the most frequent first.
export function operations(commits: Commit[]): [string, number][] {
  const found = new Map<string, number>();
  for (const c of commits) found.set(c.operation, (found.get(c.operation) ?? 0) + 1);
  return [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

// The flow that wrote it, if one did: its transactions are named after it.
export const flowOf = (c: Commit): string | null => c.txn?.app_id.split('/')[0] ?? null;
