// What chart columns ask for by default: a time goes to x, numbers are lines, a category splits them into series.
import { Exact, numberOf } from '../api/exact';

export type Value = string | number | boolean | Exact | null;
export interface ColumnOf {
  name: string;
  type: string;
}
export interface Plan {
  kind: 'time' | 'bars';
  x: string;
  measures: string[];
  series: string[]; // category columns whose values name a series
  set: string | null; // the column that tells grouping sets apart
}
export interface Series {
  name: string;
  values: (number | null)[];
}
export interface TimeData {
  kind: 'time';
  times: number[]; // ms
  series: Series[];
  left: number; // series beyond the limit, not drawn
}
export interface BarData {
  kind: 'bars';
  bars: { name: string; value: number }[];
  left: number;
}

const isTime = (type: string) => /^(TIMESTAMP|DATE)/i.test(type);
const isNumber = (type: string) => /^(U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|DOUBLE|FLOAT|REAL|DECIMAL)/i.test(type);
const isWord = (type: string) => /^(VARCHAR|ENUM|BOOLEAN|UUID)/i.test(type);
// Numbers that name something rather than count it.
const isName = (name: string) => /(^|_)(id|key|offset|partition|hour|batch|version|epoch)$/i.test(name) || name.startsWith('_');

export function plan(columns: ColumnOf[], key: string[] = []): Plan | null {
  const set = columns.find((c) => c.name === 'grouping_set')?.name ?? null;
  const measures = columns.filter((c) => isNumber(c.type) && !key.includes(c.name) && c.name !== set && !isName(c.name)).map((c) => c.name);
  if (measures.length === 0) return null;
  const times = columns.filter((c) => isTime(c.type) && !c.name.startsWith('_'));
  const time = times.find((c) => key.includes(c.name)) ?? times[0];
  const words = columns.filter((c) => (isWord(c.type) || (key.includes(c.name) && isNumber(c.type))) && c.name !== set && !c.name.startsWith('_') && c !== time);
  const keyed = words.filter((c) => key.includes(c.name));
  const series = (key.length ? keyed : words.slice(0, 1)).map((c) => c.name);
  if (time) return { kind: 'time', x: time.name, measures, series, set };
  const first = series[0] ?? words[0]?.name;
  return first ? { kind: 'bars', x: first, measures, series: [], set } : null;
}

export const seriesLimit = 8;

function nameOf(row: Value[], at: number[]): string {
  const parts = at.map((i) => row[i]).filter((v) => v !== null && v !== undefined);
  return parts.length ? parts.join(' · ') : 'all';
}

// Lines of one measure. The series with the largest sums come first; those beyond the limit are counted, not drawn.
export function timeData(columns: ColumnOf[], rows: Value[][], p: Plan, measure: string): TimeData {
  const at = (name: string) => columns.findIndex((c) => c.name === name);
  const x = at(p.x);
  const y = at(measure);
  const dims = p.series.map(at);
  const byName = new Map<string, Map<number, number>>();
  const sums = new Map<string, number>();
  const times = new Set<number>();
  for (const row of rows) {
    const time = Date.parse(String(row[x]));
    const value = numberOf(row[y]);
    if (Number.isNaN(time) || value === null) continue;
    const name = nameOf(row, dims);
    times.add(time);
    const line = byName.get(name) ?? new Map<number, number>();
    byName.set(name, line.set(time, (line.get(time) ?? 0) + value));
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  const names = [...byName.keys()].sort((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0) || (a < b ? -1 : 1));
  const sorted = [...times].sort((a, b) => a - b);
  return {
    kind: 'time',
    times: sorted,
    series: names.slice(0, seriesLimit).map((name) => ({ name, values: sorted.map((t) => byName.get(name)?.get(t) ?? null) })),
    left: Math.max(0, names.length - seriesLimit),
  };
}

export function barData(columns: ColumnOf[], rows: Value[][], p: Plan, measure: string, limit = 20): BarData {
  const x = columns.findIndex((c) => c.name === p.x);
  const y = columns.findIndex((c) => c.name === measure);
  const sums = new Map<string, number>();
  for (const row of rows) {
    const value = numberOf(row[y]);
    if (value !== null) sums.set(String(row[x] ?? 'null'), (sums.get(String(row[x] ?? 'null')) ?? 0) + value);
  }
  const bars = [...sums].map(([name, value]) => ({ name, value })).sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
  return { kind: 'bars', bars: bars.slice(0, limit), left: Math.max(0, bars.length - limit) };
}

// The grouping sets among rows, named by the columns that are not null in them.
export function sets(columns: ColumnOf[], rows: Value[][], p: Plan): { value: string; name: string }[] {
  if (p.set === null) return [];
  const at = columns.findIndex((c) => c.name === p.set);
  const found = new Map<string, string>();
  for (const row of rows) {
    const value = String(row[at]);
    const names = p.series.filter((s) => row[columns.findIndex((c) => c.name === s)] !== null);
    const known = found.get(value);
    if (known === undefined || (known === 'total' && names.length > 0)) found.set(value, names.length ? `by ${names.join(', ')}` : 'total');
  }
  return [...found].map(([value, name]) => ({ value, name })).sort((a, b) => Number(a.value) - Number(b.value));
}
