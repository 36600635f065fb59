// What a table's history says of its growth.
import type { Commit } from '../api/types';

// A name as SQL takes it: schema.table stays as it is where it can.
export function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

// Rows after each commit, oldest first: back from what the newest version holds. A commit whose rows are not known ends
// what can be said of older ones.
export function growth(commits: Commit[], rows: number | null): { times: number[]; rows: (number | null)[]; added: (number | null)[] } {
  const newestFirst = [...commits].sort((a, b) => b.version - a.version);
  const times: number[] = [];
  const after: (number | null)[] = [];
  const added: (number | null)[] = [];
  let now = rows;
  for (const c of newestFirst) {
    const own = c.metrics.numOutputRows === undefined ? null : Number(c.metrics.numOutputRows);
    const writes = own !== null && !Number.isNaN(own);
    const isAppend = c.operation === 'WRITE' || c.operation === 'STREAMING UPDATE';
    times.push(Date.parse(c.time));
    after.push(now);
    added.push(writes ? own : null);
    if (c.operation === 'CREATE TABLE') now = 0;
    else now = now === null || !writes || !isAppend ? null : now - own;
  }
  return { times: times.reverse(), rows: after.reverse(), added: added.reverse() };
}
