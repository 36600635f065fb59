// Rows of a view whose key has a time, merged by key and batch, by window: what the page shows of it live.
// Pure, so that it is tested without a browser.
import { Exact } from '../api/exact';
import type { ViewChange, ViewRows } from '../api/types';
import { plan, type ColumnOf, type Value } from '../chart/infer';

export type Figure = number | Exact | null;
export interface Group {
  values: Value[]; // of the key's columns beside the time, as the shape has them
  measures: Figure[];
  batch_id: number;
}
export interface Window {
  start: number; // ms since 1970
  sets: Map<string, Map<string, Group>>; // by grouping set, then by key
}
export interface Shape {
  time: string;
  dims: string[];
  measures: string[];
  set: string | null; // the column that tells grouping sets apart
}
export interface GroupingSet {
  id: string;
  dims: string[]; // those that are ever not null in it; none: the whole of a window
}

// How a view is read as windows; null where no time is in its key, or nothing is measured.
export function shapeOf(columns: ColumnOf[], key: string[]): Shape | null {
  const p = plan(columns, key);
  if (!p || p.kind !== 'time' || !key.includes(p.x)) return null;
  return { time: p.x, dims: p.series, measures: p.measures, set: p.set };
}

const units: Record<string, number> = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

// The length of the windows that a model's SQL names, in ms; 0 where it names none or one that has no fixed length.
export function sizeOf(sql: string): number {
  const found = /\btumble\s*\([^,]+,\s*interval\s*\(?\s*'?\s*(\d+)\s*'?\s*\)?\s*(millisecond|second|minute|hour|day|week)s?\b/i.exec(sql);
  return found ? Number(found[1]) * (units[(found[2] ?? '').toLowerCase()] ?? 0) : 0;
}

export class Windows {
  readonly byStart = new Map<number, Window>();
  watermark: number | null = null;
  batch_id = -1;
  committed: number | null = null;
  knownSize = 0; // ms, as the model says; 0: not known

  private seen = new Map<string, Set<number>>(); // of a grouping set, the dims that are not null somewhere

  // `keep`: so many of the newest windows.
  constructor(
    readonly shape: Shape,
    private keep = 200,
  ) {}

  apply(data: Pick<ViewRows | ViewChange, 'batch_id' | 'columns'> & { rows: Value[][] | null }): void {
    const at = (name: string) => data.columns.findIndex((c) => c.name === name);
    const { time, dims, measures, set } = this.shape;
    const places = { time: at(time), dims: dims.map(at), measures: measures.map(at), set: set === null ? -1 : at(set) };
    const batch_id = data.batch_id ?? -1;
    for (const row of data.rows ?? []) this.put(row, places, batch_id);
    this.batch_id = Math.max(this.batch_id, batch_id);
    this.forget();
  }

  private put(row: Value[], at: { time: number; dims: number[]; measures: number[]; set: number }, batch_id: number): void {
    const start = Date.parse(String(row[at.time]));
    if (Number.isNaN(start)) return;
    const id = at.set < 0 ? '' : String(row[at.set]);
    const values = at.dims.map((i) => row[i] ?? null);
    const seen = this.seen.get(id) ?? new Set(at.set < 0 ? values.keys() : []);
    values.forEach((v, i) => v !== null && seen.add(i));
    this.seen.set(id, seen);
    const window = this.byStart.get(start) ?? { start, sets: new Map<string, Map<string, Group>>() };
    this.byStart.set(start, window);
    const groups = window.sets.get(id) ?? new Map<string, Group>();
    window.sets.set(id, groups);
    const key = JSON.stringify(values.map((v) => (v === null ? null : String(v))));
    if ((groups.get(key)?.batch_id ?? -1) > batch_id) return; // an older answer that came later
    groups.set(key, { values, measures: at.measures.map((i) => figure(row[i])), batch_id });
  }

  private forget(): void {
    const starts = [...this.byStart.keys()].sort((a, b) => b - a);
    for (const start of starts.slice(this.keep)) this.byStart.delete(start);
  }

  sorted(): Window[] {
    return [...this.byStart.values()].sort((a, b) => a.start - b.start);
  }

  // Length of a window in ms: as the model says, else the least distance of two; 0 when fewer are known.
  size(): number {
    if (this.knownSize > 0) return this.knownSize;
    const starts = [...this.byStart.keys()].sort((a, b) => a - b);
    let step = 0;
    for (let i = 1; i < starts.length; i += 1) {
      const gap = (starts[i] ?? 0) - (starts[i - 1] ?? 0);
      if (gap > 0 && (step === 0 || gap < step)) step = gap;
    }
    return step;
  }

  // A window is closed once the watermark has passed its end: its figures are final. While its end is not known it is open.
  isOpen(window: Window): boolean {
    const size = this.size();
    return this.watermark === null || size === 0 || window.start + size > this.watermark;
  }

  // The start of the oldest window that may still change; none where all are final.
  firstOpen(): number | null {
    return this.sorted().find((w) => this.isOpen(w))?.start ?? null;
  }
  newestOpen(): Window | null {
    return this.sorted().filter((w) => this.isOpen(w)).at(-1) ?? null;
  }
  newestClosed(): Window | null {
    return this.sorted().filter((w) => !this.isOpen(w)).at(-1) ?? null;
  }

  sets(): GroupingSet[] {
    return [...this.seen]
      .map(([id, seen]) => ({ id, dims: this.shape.dims.filter((_, i) => seen.has(i)) }))
      .sort((a, b) => a.dims.length - b.dims.length || Number(a.id) - Number(b.id));
  }

  nameOf(values: Value[], set: GroupingSet): string {
    return set.dims.map((d) => String(values[this.shape.dims.indexOf(d)] ?? '(none)')).join(' · ') || 'all';
  }
}

const figure = (value: Value | undefined): Figure => (typeof value === 'number' || value instanceof Exact ? value : null);

export interface Bar {
  key: string;
  name: string;
  closed: Figure;
  open: Figure;
}

// The largest groups of the closed window (of the open one where none is closed), with the open window's beside.
export function topBars(windows: Windows, set: GroupingSet, measure: number, limit: number): { bars: Bar[]; others: number } {
  const closed = windows.newestClosed();
  const open = windows.newestOpen();
  const base = (closed ?? open)?.sets.get(set.id);
  if (!base) return { bars: [], others: 0 };
  const of = (window: Window | null, key: string) => window?.sets.get(set.id)?.get(key)?.measures[measure] ?? null;
  const bars = [...base]
    .map(([key, group]): Bar => ({ key, name: windows.nameOf(group.values, set), closed: of(closed, key), open: of(open, key) }))
    .sort((a, b) => Number(b.closed ?? b.open ?? 0) - Number(a.closed ?? a.open ?? 0) || (a.name < b.name ? -1 : 1));
  return { bars: bars.slice(0, limit), others: Math.max(0, bars.length - limit) };
}

// One group's measure over the newest windows; a window without the group is left out.
export function points(windows: Windows, count: number, set: string, key: string, measure: number): { time: number; value: Figure; open: boolean }[] {
  return windows
    .sorted()
    .filter((w) => w.sets.get(set)?.has(key))
    .slice(-count)
    .map((w) => ({ time: w.start, value: w.sets.get(set)?.get(key)?.measures[measure] ?? null, open: windows.isOpen(w) }));
}
