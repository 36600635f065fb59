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
  routes: Map<string, { x: number; y: number }[]>; // by "from to": where a long edge enters the columns between
  width: number;
  height: number;
  box: { width: number; height: number };
  down: boolean; // from top to bottom, for narrow pages
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

function neighbours(edges: Edge[]): Map<string, string[]> {
  const near = new Map<string, string[]>();
  for (const { from, to } of edges) {
    (near.get(from) ?? near.set(from, []).get(from))?.push(to);
    (near.get(to) ?? near.set(to, []).get(to))?.push(from);
  }
  return near;
}

// Orders each column by the middle of its neighbours, forth and back a few times.
function order(byColumn: string[][], edges: Edge[]): void {
  const near = neighbours(edges);
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

// Moves rows towards their neighbours where there is room, so that straight paths are straight. Gives middles.
function settle(byColumn: string[][], edges: Edge[], heightOf: (id: string) => number, gap: number): Map<string, number> {
  const tall = (column: string[]) => column.reduce((sum, id) => sum + heightOf(id) + gap, -gap);
  const tallest = Math.max(0, ...byColumn.map(tall));
  const y = new Map<string, number>();
  for (const column of byColumn) {
    let top = (tallest - tall(column)) / 2;
    for (const id of column) {
      y.set(id, top + heightOf(id) / 2);
      top += heightOf(id) + gap;
    }
  }
  const near = neighbours(edges);
  for (let sweep = 0; sweep < 10; sweep += 1) {
    for (const column of sweep % 2 === 0 ? byColumn : [...byColumn].reverse()) {
      const at = column.map((id) => {
        const around = (near.get(id) ?? []).map((n) => y.get(n)).filter((v): v is number => v !== undefined);
        return around.length ? around.reduce((a, b) => a + b, 0) / around.length : (y.get(id) ?? 0);
      });
      const half = column.map((id) => heightOf(id) / 2);
      let low = 0;
      for (let i = 0; i < at.length; i += 1) {
        at[i] = Math.max(low + (half[i] ?? 0), at[i] ?? 0);
        low = (at[i] ?? 0) + (half[i] ?? 0) + gap;
      }
      let high = tallest;
      for (let i = at.length - 1; i >= 0; i -= 1) {
        at[i] = Math.min(high - (half[i] ?? 0), at[i] ?? 0);
        high = (at[i] ?? 0) - (half[i] ?? 0) - gap;
      }
      column.forEach((id, i) => y.set(id, at[i] ?? 0));
    }
  }
  return y;
}

// Edges over several columns get a stop in each column between, so that they pass between boxes and not under them.
function withStops(edges: Edge[], column: Map<string, number>): { short: Edge[]; stops: Map<string, string[]>; at: Map<string, number> } {
  const short: Edge[] = [];
  const stops = new Map<string, string[]>();
  const at = new Map<string, number>();
  for (const { from, to } of edges) {
    const [a, b] = [column.get(from), column.get(to)];
    if (a === undefined || b === undefined || b - a <= 1) {
      short.push({ from, to });
      continue;
    }
    const way: string[] = [];
    for (let c = a + 1; c < b; c += 1) {
      const id = `${from} ${to} ${c}`;
      at.set(id, c);
      way.push(id);
    }
    stops.set(`${from} ${to}`, way);
    [from, ...way].forEach((id, i) => short.push({ from: id, to: way[i] ?? to }));
  }
  return { short, stops, at };
}

// `through`: whether long edges get stops; without, as for thousands of nodes, they are straight.
export function layered(ids: string[], edges: Edge[], m: Measures = measures, through = true): Layout {
  const column = columns(ids, edges);
  const { short, stops, at } = through ? withStops(edges, column) : { short: edges, stops: new Map<string, string[]>(), at: new Map<string, number>() };
  const byColumn: string[][] = [];
  for (const [id, c] of [...ids.map((id) => [id, column.get(id) ?? 0] as const), ...at].sort(([a], [b]) => (a < b ? -1 : 1))) {
    while (byColumn.length <= c) byColumn.push([]);
    byColumn[c]?.push(id);
  }
  order(byColumn, short);
  const middle = settle(byColumn, short, (id) => (at.has(id) ? 6 : m.height), m.gapY);
  const boxes = new Map<string, Box>();
  const x = (c: number) => c * (m.width + m.gapX);
  for (const id of ids) boxes.set(id, { id, x: x(column.get(id) ?? 0), y: (middle.get(id) ?? 0) - m.height / 2, column: column.get(id) ?? 0 });
  const tops = [...boxes.values()].map((b) => b.y).concat([...at.keys()].map((id) => (middle.get(id) ?? 0) - 3));
  const top = tops.reduce((a, b) => Math.min(a, b), Infinity);
  const bottom = [...boxes.values()].reduce((low, b) => Math.max(low, b.y + m.height), -Infinity);
  const common = { box: { width: m.width, height: m.height }, down: false };
  if (!Number.isFinite(top)) return { boxes, routes: new Map(), width: 0, height: 0, ...common };
  for (const b of boxes.values()) b.y -= top;
  const routes = new Map([...stops].map(([key, way]) => [key, way.map((id) => ({ x: x(at.get(id) ?? 0), y: (middle.get(id) ?? 0) - top }))]));
  return { boxes, routes, ...common, width: byColumn.length * m.width + (byColumn.length - 1) * m.gapX, height: Math.max(bottom, ...[...at.keys()].map((id) => middle.get(id) ?? 0)) - top };
}

// Each node after all it depends on, and close behind the one it comes from.
function downwards(ids: string[], edges: Edge[]): string[] {
  const column = columns(ids, edges);
  const forth = edges.filter((e) => (column.get(e.from) ?? 0) < (column.get(e.to) ?? 0)); // no circles
  const waits = new Map(ids.map((id) => [id, forth.filter((e) => e.to === id).length]));
  const ready = [...ids].sort().reverse().filter((id) => waits.get(id) === 0);
  const out: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    out.push(id);
    for (const { from, to } of forth) {
      if (from !== id) continue;
      const left = (waits.get(to) ?? 1) - 1;
      waits.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  return out;
}

const railGap = 9;
const mostRails = 8;

// One node a line, for a narrow page. What leaves a node runs down a rail left of the nodes, beside those in use; the
// route of an edge is where its rail is.
export function stacked(ids: string[], edges: Edge[], width: number, m: Measures = measures): Layout {
  const inOrder = downwards(ids, edges);
  const place = new Map(inOrder.map((id, i) => [id, i]));
  const known = edges.filter((e) => place.has(e.from) && place.has(e.to) && e.from !== e.to);
  const busyUntil: number[] = [];
  const rail = new Map<string, number>();
  for (const id of inOrder) {
    const ends = known.filter((e) => e.from === id).map((e) => place.get(e.to) ?? 0);
    if (ends.length === 0) continue;
    const [first, last] = [Math.min(place.get(id) ?? 0, ...ends), Math.max(place.get(id) ?? 0, ...ends)];
    const free = busyUntil.findIndex((end) => end <= first);
    const at = free >= 0 ? free : busyUntil.length;
    busyUntil[at] = last;
    rail.set(id, at % mostRails);
  }
  const left = (Math.min(mostRails, busyUntil.length) + 1) * railGap;
  const box = { width: width - left, height: m.height };
  const step = m.height + m.gapY;
  const boxes = new Map(inOrder.map((id, i) => [id, { id, x: left, y: i * step, column: i }]));
  const routes = new Map(known.map((e) => [`${e.from} ${e.to}`, [{ x: left - railGap * ((rail.get(e.from) ?? 0) + 1.4), y: 0 }]]));
  return { boxes, routes, width, height: Math.max(0, inOrder.length * step - m.gapY), box, down: true };
}
