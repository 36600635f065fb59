// Every node of a large graph on a canvas. A first picture stands at once; elk, in a worker, then lays it out well.
import cytoscape from 'cytoscape';
import ELK from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { useEffect, useRef, useState } from 'react';
import type { Graph } from '../api/types';
import { count } from '../format';
import { navigate, nodeAddress } from '../router';
import { layered } from './layout';

const m = { width: 120, height: 26, gapX: 80, gapY: 10 };
const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Cytoscape would write a style element of its own, which the page's policy forbids; finding this one it does not.
function forestallStyle(): void {
  if (document.getElementById('__________cytoscape_stylesheet')) return;
  const mark = document.createElement('meta');
  mark.id = '__________cytoscape_stylesheet';
  document.head.append(mark);
}

function style(): cytoscape.StylesheetJson {
  return [
    {
      selector: 'node',
      style: {
        shape: 'round-rectangle', width: m.width, height: m.height, 'background-color': color('--line-strong'), 'border-width': 1,
        'border-color': color('--ink-soft'), label: 'data(name)', color: color('--ink'), 'font-family': 'JetBrains Mono Variable, monospace',
        'font-size': 9, 'text-valign': 'center', 'text-wrap': 'ellipsis', 'text-max-width': '110px', 'min-zoomed-font-size': 6,
      },
    },
    { selector: 'node[kind="flow"]', style: { 'border-color': color('--accent'), 'background-color': color('--accent-faint') } },
    { selector: 'node[state="warn"]', style: { 'border-color': color('--amber'), 'border-width': 3 } },
    { selector: 'node[state="error"]', style: { 'border-color': color('--bad'), 'background-color': color('--bad-faint'), 'border-width': 3 } },
    { selector: 'node.dim', style: { opacity: 0.2 } },
    {
      selector: 'edge',
      style: { width: 1, 'line-color': color('--line-strong'), 'curve-style': 'haystack', 'haystack-radius': 0 },
    },
    { selector: 'edge[rate > 0]', style: { 'line-color': color('--accent') } },
  ];
}

function elements(graph: Graph): cytoscape.ElementDefinition[] {
  const known = new Set(graph.nodes.map((n) => n.id));
  const edges = graph.edges.filter((e) => known.has(e.from) && known.has(e.to));
  const { boxes } = layered(graph.nodes.map((n) => n.id), edges, m, false);
  return [
    ...graph.nodes.map((n) => {
      const box = boxes.get(n.id);
      return { data: { id: n.id, name: n.name, kind: n.kind, state: n.state }, position: { x: (box?.x ?? 0) + m.width / 2, y: (box?.y ?? 0) + m.height / 2 } };
    }),
    ...edges.map((e) => ({ data: { id: `${e.from} ${e.to}`, source: e.from, target: e.to, rate: e.records_per_second ?? 0 } })),
  ];
}

// Places of elk by node id. Rejects when the worker ends first.
async function elkPlaces(elk: InstanceType<typeof ELK>, graph: Graph): Promise<Map<string, { x: number; y: number }>> {
  const known = new Set(graph.nodes.map((n) => n.id));
  const laid = await elk.layout({
    id: 'map',
    layoutOptions: {
      'elk.algorithm': 'layered', 'elk.direction': 'RIGHT', 'elk.layered.spacing.nodeNodeBetweenLayers': '80', 'elk.spacing.nodeNode': '10',
      'elk.layered.thoroughness': '1', 'elk.separateConnectedComponents': 'true', 'elk.aspectRatio': '1.8', 'elk.edgeRouting': 'POLYLINE',
    },
    children: graph.nodes.map((n) => ({ id: n.id, width: m.width, height: m.height })),
    edges: graph.edges.filter((e) => known.has(e.from) && known.has(e.to)).map((e) => ({ id: `${e.from} ${e.to}`, sources: [e.from], targets: [e.to] })),
  });
  return new Map((laid.children ?? []).map((c) => [c.id, { x: (c.x ?? 0) + m.width / 2, y: (c.y ?? 0) + m.height / 2 }]));
}

export default function MapCanvas({ graph, find }: { graph: Graph; find: string }) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<cytoscape.Core | null>(null);
  const [laid, setLaid] = useState<'first' | 'elk' | 'failed'>('first');
  const shape = `${graph.nodes.length} ${graph.edges.length} ${graph.nodes[0]?.id ?? ''}`;

  useEffect(() => {
    if (!host.current) return;
    forestallStyle();
    const cy = cytoscape({
      container: host.current, elements: elements(graph), style: style(), layout: { name: 'preset' }, wheelSensitivity: 0.2,
      pixelRatio: 1, hideEdgesOnViewport: graph.edges.length > 1500, textureOnViewport: true, autoungrabify: true, boxSelectionEnabled: false,
    });
    canvas.current = cy;
    cy.on('tap', 'node', (event: cytoscape.EventObject) => navigate(nodeAddress(event.target.id() as string)));
    const elk = new ELK({ workerUrl });
    let gone = false;
    elkPlaces(elk, graph).then(
      (places) => {
        if (gone) return;
        cy.batch(() => cy.nodes().forEach((n) => void n.position(places.get(n.id()) ?? n.position())));
        cy.fit(undefined, 16);
        setLaid('elk');
      },
      () => !gone && setLaid('failed'),
    );
    return () => {
      gone = true;
      elk.terminateWorker();
      cy.destroy();
      canvas.current = null;
    };
  }, [shape]); // eslint-disable-line

  // States and rates change in place.
  useEffect(() => {
    const cy = canvas.current;
    cy?.batch(() => {
      for (const n of graph.nodes) {
        const drawn = cy.getElementById(n.id);
        if (drawn.data('state') !== n.state) drawn.data('state', n.state);
      }
    });
  }, [graph]);

  useEffect(() => {
    const cy = canvas.current;
    if (!cy) return;
    const wanted = find.toLowerCase();
    cy.batch(() => cy.nodes().forEach((n) => void n.toggleClass('dim', wanted !== '' && !String(n.data('name')).toLowerCase().includes(wanted))));
  }, [find, laid]);

  return (
    <div className="map-canvas">
      <div ref={host} className="map-canvas-host" role="img" aria-label={`Map of ${count(graph.nodes.length)} nodes; the list beside it says the same`} data-laid={laid} />
      <p className="note">
        {count(graph.nodes.length)} nodes, {count(graph.edges.length)} arrows; drag to move, wheel to zoom, click to open.{' '}
        {laid === 'first' && 'A better layout is being worked out…'}
        {laid === 'failed' && 'The better layout could not be worked out; this is the first one.'}
      </p>
    </div>
  );
}
