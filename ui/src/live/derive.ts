// The map, worked out from the lists, for a server that has no /api/v1/graph.
import type { Flow, Graph, GraphEdge, GraphNode, NodeState, Table, Topic, View } from '../api/types';

export interface Lists {
  flows: Flow[];
  topics: Topic[];
  tables: Table[];
  views: View[];
  producer: boolean;
  now: number; // ms
}

const layerOf = (name: string) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : '');
const flowState: Record<Flow['state'], NodeState> = { starting: 'ok', running: 'ok', paused: 'paused', retrying: 'warn', failed: 'error', stopped: 'paused' };
const age = (instant: string | null, now: number) => (instant ? Math.max(0, now - Date.parse(instant)) : null);

export function derive({ flows, topics, tables, views, producer, now }: Lists): Graph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const node = (kind: GraphNode['kind'], name: string, more: Partial<GraphNode> = {}) =>
    nodes.push({
      id: `${kind}:${name}`, kind, name, layer: kind === 'table' || kind === 'view' ? layerOf(name) : '', state: 'ok', reason: '', records_per_second: null, lag: null, lag_unit: null,
      freshness_ms: null, bytes: null, rows: null, detail: '', ...more,
    });
  const written = new Set(flows.flatMap((f) => f.sinks.map((s) => `${s.kind}:${s.name}`)));
  for (const t of topics) {
    node('topic', t.name, { rows: t.records, bytes: t.bytes, records_per_second: t.records_per_second ?? null });
    if (producer && !written.has(`topic:${t.name}`)) {
      node('producer', t.name);
      edges.push({ from: `producer:${t.name}`, to: `topic:${t.name}`, records_per_second: t.records_per_second ?? null });
    }
  }
  for (const t of tables) node('table', t.name, { rows: t.rows, bytes: t.bytes, records_per_second: t.rows_per_second, freshness_ms: age(t.last_commit, now) });
  const perSecond = new Map(nodes.map((n) => [n.id, n.records_per_second]));
  for (const v of views) {
    node('view', v.name, { rows: v.rows, freshness_ms: age(v.committed, now) });
    edges.push({ from: `view:${v.name}`, to: 'dashboard:page', records_per_second: null });
  }
  if (views.length > 0) node('dashboard', 'page');
  for (const f of flows) {
    node('flow', f.name, { state: flowState[f.state], reason: f.reason, lag: f.lag, lag_unit: f.lag_unit ?? 'records', freshness_ms: age(f.last_commit, now) });
    const source = `${f.source_kind ?? 'topic'}:${f.source}`;
    edges.push({ from: source, to: `flow:${f.name}`, records_per_second: perSecond.get(source) ?? null });
    for (const s of f.sinks) edges.push({ from: `flow:${f.name}`, to: `${s.kind}:${s.name}`, records_per_second: perSecond.get(`${s.kind}:${s.name}`) ?? null });
  }
  return { as_of: new Date(now).toISOString(), nodes, edges };
}
