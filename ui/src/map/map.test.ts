import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode, NodeState } from '../api/types';
import { layered, stacked } from './layout';
import { aggregate, around, groupOf, mostNodes, whole } from './model';

const node = (id: string, state: NodeState = 'ok', layer = ''): GraphNode => ({
  id, kind: id.split(':')[0] as GraphNode['kind'], name: id.split(':')[1] ?? '', layer, state, reason: '', records_per_second: 2,
  lag: null, lag_unit: null, freshness_ms: null, bytes: 10, rows: null, detail: '',
});
const edge = (from: string, to: string) => ({ from, to, records_per_second: 1 });

function large(tables: number): Graph {
  const nodes: GraphNode[] = [];
  const edges = [];
  for (let i = 0; i < tables; i += 1) {
    const layer = ['bronze', 'silver', 'gold'][i % 3] ?? '';
    nodes.push(node(`topic:shop${i % 7}.t${i}`), node(`flow:shop${i % 7}.t${i}.table`), node(`table:${layer}.t${i}`, i === 5 ? 'error' : 'ok', layer));
    edges.push(edge(`topic:shop${i % 7}.t${i}`, `flow:shop${i % 7}.t${i}.table`), edge(`flow:shop${i % 7}.t${i}.table`, `table:${layer}.t${i}`));
  }
  return { as_of: '', nodes, edges };
}

describe('layout', () => {
  it('puts each node right of all it depends on', () => {
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('a', 'c'), edge('c', 'd')];
    const { boxes } = layered(['d', 'c', 'b', 'a'], edges);
    for (const e of edges) expect((boxes.get(e.from)?.x ?? 0) < (boxes.get(e.to)?.x ?? 0)).toBe(true);
  });

  it('lays no box over another, whatever the graph', () => {
    const ids = Array.from({ length: 60 }, (_, i) => `n${i}`);
    const edges = ids.flatMap((id, i) => [edge(id, `n${(i * 7 + 3) % 60}`), edge(id, `n${(i * 13 + 5) % 60}`)]);
    const boxes = [...layered(ids, edges).boxes.values()];
    expect(boxes).toHaveLength(60);
    for (const a of boxes) {
      for (const b of boxes) {
        if (a !== b && a.column === b.column) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(62);
      }
    }
  });

  it('leads long edges between boxes', () => {
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('c', 'd'), edge('a', 'd')];
    const { boxes, routes } = layered(['a', 'b', 'c', 'd'], edges);
    const way = routes.get('a d') ?? [];
    expect(way).toHaveLength(2);
    for (const stop of way) {
      for (const box of boxes.values()) if (box.x === stop.x) expect(stop.y < box.y || stop.y > box.y + 62).toBe(true);
    }
  });

  it('ends on circles', () => {
    expect(layered(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('a', 'a')]).boxes.size).toBe(3);
  });

  it('keeps a chain on one line', () => {
    const { boxes } = layered(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c')]);
    expect(new Set([...boxes.values()].map((b) => b.y)).size).toBe(1);
  });
});

describe('a narrow map', () => {
  it('has a node on each line, each below all it depends on, within the width', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const edges = ids.slice(1).map((id, i) => edge(`n${Math.floor(i / 6)}`, id));
    const { boxes, box, down, height } = stacked(ids, edges, 340);
    expect(down).toBe(true);
    expect(new Set([...boxes.values()].map((b) => b.y)).size).toBe(40);
    for (const e of edges) expect((boxes.get(e.from)?.y ?? 0) + box.height).toBeLessThan(boxes.get(e.to)?.y ?? 0);
    for (const b of boxes.values()) {
      expect(b.x).toBeGreaterThan(0);
      expect(b.x + box.width).toBeLessThanOrEqual(340);
      expect(b.y + box.height).toBeLessThanOrEqual(height);
    }
  });
  it('keeps a chain together, and gives arrows that pass each other rails of their own', () => {
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('a', 'd'), edge('c', 'd'), edge('c', 'c'), edge('x', 'y')];
    const { boxes, routes } = stacked(['x', 'd', 'c', 'y', 'b', 'a'], edges, 340);
    expect([...boxes.values()].sort((a, b) => a.y - b.y).map((b) => b.id)).toEqual(['a', 'b', 'c', 'd', 'x', 'y']);
    expect(routes.get('a b')?.[0]?.x).toBe(routes.get('a d')?.[0]?.x);
    expect(routes.get('a b')?.[0]?.x).not.toBe(routes.get('b c')?.[0]?.x);
  });
  it('ends on circles', () => {
    expect(stacked(['a', 'b', 'c'], [edge('a', 'b'), edge('b', 'c'), edge('c', 'a')], 340).boxes.size).toBe(3);
  });
});

describe('what is shown', () => {
  it('shows a small graph as it is', () => {
    const picture = whole(large(10));
    expect(picture.grouped).toBe(false);
    expect(picture.nodes).toHaveLength(30);
  });

  it('joins 5,000 nodes into few, losing none and hiding no trouble', () => {
    const graph = large(1667);
    expect(graph.nodes.length).toBeGreaterThan(5000);
    const picture = aggregate(graph);
    expect(picture.nodes.length).toBeLessThanOrEqual(mostNodes);
    expect(picture.nodes.reduce((a, n) => a + n.members, 0)).toBe(graph.nodes.length);
    expect(picture.nodes.filter((n) => n.state === 'error').map((n) => [n.name, n.trouble])).toEqual([['gold', 1]]);
    expect(picture.edges.reduce((a, e) => a + (e.records_per_second ?? 0), 0)).toBe(graph.edges.length);
    expect(layered(picture.nodes.map((n) => n.id), picture.edges).boxes.size).toBe(picture.nodes.length);
  });

  it('joins by kind alone where there are too many layers', () => {
    const nodes = Array.from({ length: 400 }, (_, i) => node(`table:l${i >> 1}.t${i}`, 'ok', `l${i >> 1}`));
    expect(aggregate({ as_of: '', nodes, edges: [] }).nodes).toHaveLength(1);
  });

  it('groups what has no layer by the first part of its name', () => {
    expect(groupOf(node('topic:clicks.late'))).toBe('group:topic:clicks');
    expect(groupOf(node('topic:clicks'))).toBe('group:topic:');
  });

  it('finds what stands around a node, not its siblings', () => {
    const graph: Graph = {
      as_of: '',
      nodes: ['topic:a', 'flow:f', 'flow:g', 'table:x', 'table:y'].map((id) => node(id)),
      edges: [edge('topic:a', 'flow:f'), edge('topic:a', 'flow:g'), edge('flow:f', 'table:x'), edge('flow:g', 'table:y')],
    };
    expect(around(graph, 'table:x', 2).nodes.map((n) => n.id)).toEqual(['topic:a', 'flow:f', 'table:x']);
  });
});
