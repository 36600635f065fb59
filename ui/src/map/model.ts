// What of the graph is shown: all of it, groups of it where it is large, or what stands around one node.
import type { Graph, GraphEdge, GraphNode, NodeState } from '../api/types';

export const mostNodes = 120; // what the drawn map shows node by node

const severity: Record<NodeState, number> = { error: 4, warn: 3, paused: 2, ok: 1, idle: 0 };
export const worst = (a: NodeState, b: NodeState): NodeState => (severity[a] >= severity[b] ? a : b);
export const wrong = (state: NodeState) => state === 'error' || state === 'warn';

export interface Shown extends GraphNode {
  members: number; // 1 for a node, more for a group
  trouble: number; // of them in error or warn
}
export interface Picture {
  nodes: Shown[];
  edges: GraphEdge[];
  grouped: boolean;
}

const single = (node: GraphNode): Shown => ({ ...node, members: 1, trouble: wrong(node.state) ? 1 : 0 });

// The group of a node: its kind and its layer; of what has no layer, the first part of its name when it has several.
export function groupOf(node: Pick<GraphNode, 'kind' | 'layer' | 'name'>): string {
  const dot = node.name.indexOf('.');
  const layer = node.layer || (dot > 0 ? node.name.slice(0, dot) : '');
  return `group:${node.kind}:${layer}`;
}

function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}
function most(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

function join(group: Shown, node: GraphNode): void {
  group.members += 1;
  group.trouble += wrong(node.state) ? 1 : 0;
  group.state = worst(group.state, node.state);
  group.records_per_second = sum(group.records_per_second, node.records_per_second);
  group.lag = most(group.lag, node.lag);
  group.freshness_ms = most(group.freshness_ms, node.freshness_ms);
  group.bytes = sum(group.bytes, node.bytes);
  group.rows = sum(group.rows, node.rows);
}

// Nodes joined by kind and layer. A group of one stays a node; groups beyond the limit are joined by kind alone.
export function aggregate(graph: Graph): Picture {
  const byLayer = fold(graph, groupOf);
  if (byLayer.nodes.length <= mostNodes) return byLayer;
  return fold(graph, (node) => `group:${node.kind}:`);
}

function fold(graph: Graph, key: (node: GraphNode) => string): Picture {
  const sizes = new Map<string, number>();
  for (const node of graph.nodes) sizes.set(key(node), (sizes.get(key(node)) ?? 0) + 1);
  const target = new Map<string, string>();
  const nodes = new Map<string, Shown>();
  for (const node of graph.nodes) {
    const group = key(node);
    const id = (sizes.get(group) ?? 0) > 1 ? group : node.id;
    target.set(node.id, id);
    const known = nodes.get(id);
    if (known) join(known, node);
    else nodes.set(id, id === node.id ? single(node) : { ...single(node), id, name: group.split(':')[2] || `all ${node.kind}s`, reason: '', detail: '' });
  }
  const edges = new Map<string, GraphEdge>();
  for (const edge of graph.edges) {
    const from = target.get(edge.from);
    const to = target.get(edge.to);
    if (!from || !to || from === to) continue;
    const known = edges.get(`${from} ${to}`);
    if (known) known.records_per_second = sum(known.records_per_second, edge.records_per_second);
    else edges.set(`${from} ${to}`, { from, to, records_per_second: edge.records_per_second });
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], grouped: true };
}

// Nodes within so many steps upstream and downstream of one, at most `mostNodes`, nearest first.
export function around(graph: Graph, id: string, steps: number): Picture {
  const forth = new Map<string, string[]>();
  const back = new Map<string, string[]>();
  for (const { from, to } of graph.edges) {
    (forth.get(from) ?? forth.set(from, []).get(from))?.push(to);
    (back.get(to) ?? back.set(to, []).get(to))?.push(from);
  }
  const kept = new Set([id]);
  for (const way of [back, forth]) {
    let ring = [id];
    for (let step = 0; step < steps && ring.length > 0; step += 1) {
      const next: string[] = [];
      for (const at of ring) {
        for (const other of way.get(at) ?? []) {
          if (kept.has(other) || kept.size >= mostNodes) continue;
          kept.add(other);
          next.push(other);
        }
      }
      ring = next;
    }
  }
  return part(graph, kept);
}

export function part(graph: Graph, kept: Set<string>): Picture {
  return {
    nodes: graph.nodes.filter((n) => kept.has(n.id)).map(single),
    edges: graph.edges.filter((e) => kept.has(e.from) && kept.has(e.to)),
    grouped: false,
  };
}

export function whole(graph: Graph): Picture {
  return graph.nodes.length > mostNodes ? aggregate(graph) : { nodes: graph.nodes.map(single), edges: graph.edges, grouped: false };
}
