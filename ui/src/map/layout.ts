// Columns from left to right along the edges, rows ordered so that few edges cross. Pure and linear enough for
// thousands of nodes; the same graph always gives the same picture.
export interface Box {
  id: string;
  x: number;
  y: number;
  column: number;
}
export interface Layout {
  boxes: Map<string, Box>;
  width: number;
  height: number;
}
export interface Measures {
  width: number;
  height: number;
  gapX: number;
  gapY: number;
}
export const measures: Measures = { width: 148, height: 62, gapX: 52, gapY: 14 };

type Edge = { from: string; to: string };

// The longest way from a source; edges that close a circle do not count.
function columns(ids: string[], edges: Edge[]): Map<string, number> {
  const after = new Map<string, string[]>(ids.map((id) => [id, []]));
  const before = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const { from, to } of edges) {
    if (from === to || !after.has(from) || !after.has(to)) continue;
    after.get(from)?.push(to);
    before.set(to, (before.get(to) ?? 0) + 1);
  }
  const column = new Map<string, number>();
  const ready = ids.filter((id) => before.get(id) === 0);
  const waiting = new Set(ids.filter((id) => before.get(id) !== 0));
  for (const id of ready) column.set(id, 0);
  while (ready.length > 0 || waiting.size > 0) {
    if (ready.length === 0) {
      const [first] = waiting; // a circle: it is cut here
      if (first === undefined) break;
      waiting.delete(first);
      column.set(first, column.get(first) ?? 0);
      ready.push(first);
    }
    const id = ready.pop() as string;
    for (const next of after.get(id) ?? []) {
      const known = column.get(next) ?? 0;
      if (waiting.has(next)) {
        column.set(next, Math.max(known, (column.get(id) ?? 0) + 1));
        const left = (before.get(next) ?? 1) - 1;
        before.set(next, left);
        if (left === 0) {
          waiting.delete(next);
          ready.push(next);
        }
      }
    }
  }
  return column;
}

// Orders each column by the middle of its neighbours, forth and back a few times.
function order(byColumn: string[][], edges: Edge[]): void {
  const near = new Map<string, string[]>();
  for (const { from, to } of edges) {
    (near.get(from) ?? near.set(from, []).get(from))?.push(to);
    (near.get(to) ?? near.set(to, []).get(to))?.push(from);
  }
  const place = new Map<string, number>();
  const note = (column: string[]) => column.forEach((id, i) => place.set(id, (i + 0.5) / column.length));
  byColumn.forEach(note);
  for (let sweep = 0; sweep < 6; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const column of forth ? byColumn : [...byColumn].reverse()) {
      const middle = new Map(
        column.map((id) => {
          const around = (near.get(id) ?? []).map((n) => place.get(n)).filter((p): p is number => p !== undefined);
          return [id, around.length ? around.reduce((a, b) => a + b, 0) / around.length : (place.get(id) ?? 0.5)];
        }),
      );
      column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || (a < b ? -1 : 1));
      note(column);
    }
  }
}

// Moves rows towards their neighbours where there is room, so that straight paths are straight.
function settle(byColumn: string[][], edges: Edge[], step: number): Map<string, number> {
  const tallest = Math.max(1, ...byColumn.map((c) => c.length));
  const y = new Map<string, number>();
  for (const column of byColumn) column.forEach((id, i) => y.set(id, (i + (tallest - column.length) / 2) * step));
  const near = new Map<string, string[]>();
  for (const { from, to } of edges) {
    (near.get(from) ?? near.set(from, []).get(from))?.push(to);
    (near.get(to) ?? near.set(to, []).get(to))?.push(from);
  }
  const last = (tallest - 1) * step;
  for (let sweep = 0; sweep < 8; sweep += 1) {
    for (const column of sweep % 2 === 0 ? byColumn : [...byColumn].reverse()) {
      const want = column.map((id) => {
        const around = (near.get(id) ?? []).map((n) => y.get(n)).filter((v): v is number => v !== undefined);
        return around.length ? around.reduce((a, b) => a + b, 0) / around.length : (y.get(id) ?? 0);
      });
      let low = 0;
      const at = want.map((w) => {
        const v = Math.max(low, w);
        low = v + step;
        return v;
      });
      let high = last;
      for (let i = at.length - 1; i >= 0; i -= 1) {
        at[i] = Math.min(high, at[i] ?? 0);
        high = (at[i] ?? 0) - step;
      }
      column.forEach((id, i) => y.set(id, at[i] ?? 0));
    }
  }
  return y;
}

export function layered(ids: string[], edges: Edge[], m: Measures = measures): Layout {
  const column = columns(ids, edges);
  const byColumn: string[][] = [];
  for (const id of [...ids].sort()) {
    const c = column.get(id) ?? 0;
    while (byColumn.length <= c) byColumn.push([]);
    byColumn[c]?.push(id);
  }
  order(byColumn, edges);
  const y = settle(byColumn, edges, m.height + m.gapY);
  const boxes = new Map<string, Box>();
  let height = 0;
  byColumn.forEach((some, c) => {
    for (const id of some) {
      const top = y.get(id) ?? 0;
      boxes.set(id, { id, x: c * (m.width + m.gapX), y: top, column: c });
      height = Math.max(height, top + m.height);
    }
  });
  const top = Math.min(...[...boxes.values()].map((b) => b.y));
  if (Number.isFinite(top)) for (const b of boxes.values()) b.y -= top;
  const width = byColumn.length * m.width + Math.max(0, byColumn.length - 1) * m.gapX;
  return { boxes, width, height: Number.isFinite(top) ? height - top : 0 };
}
