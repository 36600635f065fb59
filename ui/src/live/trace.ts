// What is drawn of a trace, and when there is nothing more to wait for.
import type { Flow, Graph, GraphNode, Table, Trace } from '../api/types';
import { part, type Picture } from '../map/model';

// As the server looks at names: id, uuid, order_id, orderId.
export const namesId = (name: string) => /(^|_)(id|uuid|guid)$|(Id|ID|Uuid|UUID)$/.test(name);

// The columns that topics declare (those of their tables) and that look as ids; of one topic, or of all. One that is
// asked for is always among them.
export function idColumns(flows: Pick<Flow, 'kind' | 'source' | 'sinks'>[], tables: Pick<Table, 'name' | 'columns'>[], topic: string, asked: string): string[] {
  const fed = new Set(flows.filter((f) => f.kind === 'table' && (topic === '' || f.source === topic)).flatMap((f) => f.sinks.map((s) => s.name)));
  const names = tables.filter((t) => fed.has(t.name)).flatMap((t) => t.columns.map((c) => c.name)).filter((n) => namesId(n) && !n.startsWith('_'));
  return [...new Set([...names, ...(asked ? [asked] : [])])];
}

export function done(trace: Trace): boolean {
  return trace.found && trace.steps.length > 0 && trace.steps.every((s) => s.state !== 'waiting');
}

// The nearest step upstream of a node, over nodes that are no steps themselves.
function nearestBefore(node: string, steps: Set<string>, edges: { from: string; to: string }[]): string | null {
  const seen = new Set([node]);
  let ring = [node];
  while (ring.length > 0) {
    const before = edges.filter((e) => ring.includes(e.to) && !seen.has(e.from)).map((e) => e.from);
    const found = before.find((id) => steps.has(id));
    if (found !== undefined) return found;
    for (const id of before) seen.add(id);
    ring = before;
  }
  return null;
}

// The nodes of the steps as the map has them, and the arrows between them; a step the map does not know is drawn too.
export function tracePicture(trace: Trace, graph: Graph | undefined): Picture {
  const ids = new Set(trace.steps.map((s) => s.node));
  const known = new Map<string, GraphNode>((graph?.nodes ?? []).filter((n) => ids.has(n.id)).map((n) => [n.id, n]));
  const nodes = trace.steps
    .filter((s, i) => trace.steps.findIndex((o) => o.node === s.node) === i)
    .map((s): GraphNode => known.get(s.node) ?? {
      id: s.node, kind: s.kind as GraphNode['kind'], name: s.name, layer: '', state: 'ok', reason: '', records_per_second: null, lag: null,
      lag_unit: null, freshness_ms: null, bytes: null, rows: null, detail: '',
    });
  const edges = (graph?.edges ?? []).filter((e) => ids.has(e.from) && ids.has(e.to)).map((e) => ({ ...e, records_per_second: null }));
  const reached = new Set(edges.map((e) => e.to));
  for (const s of trace.steps.slice(1)) {
    const from = reached.has(s.node) ? null : nearestBefore(s.node, ids, graph?.edges ?? []);
    if (from !== null) edges.push({ from, to: s.node, records_per_second: null });
  }
  return part({ as_of: '', nodes, edges }, ids);
}
