// Rows of a windowed view, merged by key and batch: what the page shows of `live.clicks_windows`.
// Pure but for the store at the end, so that it is tested without a browser.
import type { Cell, ViewChange, ViewRows } from '../api/types';

export type Dimension = 'total' | 'page' | 'category' | 'country';
const dimensions: Dimension[] = ['total', 'page', 'category', 'country']; // grouping sets, in the order of the SQL

export interface Group {
  name: string;
  views: number;
  users: number;
  batch_id: number;
}
export interface Window {
  start: number; // ms since 1970
  total: Group | null;
  page: Map<string, Group>;
  category: Map<string, Group>;
  country: Map<string, Group>;
}

export interface Shape {
  start: number;
  page: number;
  category: number;
  country: number;
  views: number;
  users: number;
  set: number;
}

// Where the columns stand; null where the view is not of this form.
export function shapeOf(columns: { name: string }[]): Shape | null {
  const at = (name: string) => columns.findIndex((c) => c.name === name);
  const shape = {
    start: at('window_start'),
    page: at('page'),
    category: at('category'),
    country: at('country'),
    views: at('page_views'),
    users: at('users'),
    set: at('grouping_set'),
  };
  return Object.values(shape).every((i) => i >= 0) ? shape : null;
}

export class Windows {
  readonly byStart = new Map<number, Window>();
  watermark: number | null = null;
  batch_id = -1;
  committed: number | null = null;

  // `keep`: how far back, in ms, from the newest window.
  constructor(private keep = 15 * 60_000) {}

  apply(data: Pick<ViewRows | ViewChange, 'batch_id' | 'columns'> & { rows: Cell[][] | null }): void {
    const shape = shapeOf(data.columns);
    const batch_id = data.batch_id ?? -1;
    if (!shape || !data.rows) return;
    for (const row of data.rows) this.put(row, shape, batch_id);
    this.batch_id = Math.max(this.batch_id, batch_id);
    this.forget();
  }

  private put(row: Cell[], shape: Shape, batch_id: number): void {
    const start = Date.parse(String(row[shape.start]));
    const dimension = dimensions[Number(row[shape.set])];
    if (Number.isNaN(start) || !dimension) return;
    let window = this.byStart.get(start);
    if (!window) {
      window = { start, total: null, page: new Map(), category: new Map(), country: new Map() };
      this.byStart.set(start, window);
    }
    const value = dimension === 'total' ? 'all' : row[shape[dimension]];
    const name = value === null || value === undefined ? '(none)' : String(value);
    const known = dimension === 'total' ? window.total : window[dimension].get(name);
    if (known && known.batch_id > batch_id) return; // an older answer that came later
    const group = { name, views: Number(row[shape.views] ?? 0), users: Number(row[shape.users] ?? 0), batch_id };
    if (dimension === 'total') window.total = group;
    else window[dimension].set(name, group);
  }

  private forget(): void {
    const newest = Math.max(...this.byStart.keys());
    for (const start of this.byStart.keys()) if (start < newest - this.keep) this.byStart.delete(start);
  }

  sorted(): Window[] {
    return [...this.byStart.values()].sort((a, b) => a.start - b.start);
  }

  // Distance of neighbouring windows in ms; 0 when fewer than two are known.
  size(): number {
    const starts = [...this.byStart.keys()].sort((a, b) => a - b);
    let step = 0;
    for (let i = 1; i < starts.length; i += 1) {
      const gap = (starts[i] ?? 0) - (starts[i - 1] ?? 0);
      if (gap > 0 && (step === 0 || gap < step)) step = gap;
    }
    return step;
  }

  // A window is closed once the watermark has passed its end: its figures are final.
  isOpen(window: Window): boolean {
    return this.watermark === null || window.start + this.size() > this.watermark;
  }

  newestOpen(): Window | null {
    return this.sorted().filter((w) => this.isOpen(w)).at(-1) ?? null;
  }
  newestClosed(): Window | null {
    return this.sorted().filter((w) => !this.isOpen(w)).at(-1) ?? null;
  }
}

export interface Bar {
  name: string;
  closed: number | null;
  open: number | null;
  users: number | null;
}

// The largest groups of the closed window (of the open one where none is closed), with the open window's beside.
export function topBars(
  closed: Window | null,
  open: Window | null,
  dimension: Exclude<Dimension, 'total'>,
  limit: number,
): { bars: Bar[]; others: number } {
  const base = closed ?? open;
  if (!base) return { bars: [], others: 0 };
  const groups = [...base[dimension].values()].sort((a, b) => b.views - a.views || (a.name < b.name ? -1 : 1));
  const bars = groups.slice(0, limit).map((g) => ({
    name: g.name,
    closed: closed ? g.views : null,
    open: open?.[dimension].get(g.name)?.views ?? (open ? 0 : null),
    users: g.users,
  }));
  return { bars, others: Math.max(0, groups.length - limit) };
}
