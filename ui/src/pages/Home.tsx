import { lazy, Suspense, useMemo } from 'react';
import { useFlows, useGraph, useViews } from '../api/queries';
import type { Graph } from '../api/types';
import { NodeList } from '../components/NodeList';
import { Over, type OverChart } from '../components/Over';
import { Rates } from '../components/Rates';
import { Before, Empty, Skeleton } from '../components/States';
import { WindowPanels } from '../components/Views';
import { Why } from '../components/Why';
import { bytes, compact, count, milliseconds, rate } from '../format';
import { GraphMap } from '../map/GraphMap';
import { groupOf, mostNodes, part, whole, wrong, type Shown } from '../map/model';
import { address, setParams, useParam } from '../router';

const MapCanvas = lazy(() => import('../map/MapCanvas'));

function Trouble({ graph }: { graph: Graph }) {
  const bad = graph.nodes.filter((n) => wrong(n.state));
  if (bad.length === 0) return <span className="pill good"><i aria-hidden="true" />all well</span>;
  const worst = bad.find((n) => n.state === 'error') ?? bad[0];
  return (
    <span className={`pill ${worst?.state === 'error' ? 'bad' : 'warn'}`}>
      <i aria-hidden="true" />
      {bad.length === 1 ? `${worst?.name}: ${worst?.reason || worst?.state}` : `${count(bad.length)} nodes need a look`}
    </span>
  );
}

// A picture of the whole, or of one group of it; a large whole is drawn by its groups.
function Drawn({ graph, group }: { graph: Graph; group: string }) {
  const picture = useMemo(() => {
    if (!group) return whole(graph);
    return part(graph, new Set(graph.nodes.filter((n) => groupOf(n) === group || group === `group:${n.kind}:`).map((n) => n.id)));
  }, [graph, group]);
  const toOf = (node: Shown) => (node.members > 1 ? address('/', { show: 'list', group: node.id }) : undefined);
  return <GraphMap picture={picture} label="Map of the platform" {...(picture.grouped ? { toGroup: toOf } : {})} />;
}

function MapPanel() {
  const query = useGraph();
  const [show] = useParam('show', 'map');
  const [group] = useParam('group', '');
  const [find, setFind] = useParam('find', '', { replace: true });
  const graph = query.data;
  const large = (graph?.nodes.length ?? 0) > mostNodes;
  const choices: [string, string][] = [['map', 'Map'], ...(large ? ([['all', 'All nodes']] as [string, string][]) : []), ['list', 'List']];
  return (
    <section className="panel map-panel" aria-labelledby="map-title">
      <div className="panel-head">
        <h2 id="map-title">Map</h2>
        {graph && <Trouble graph={graph} />}
        <Why label="map" text="Producers write topics; flows take them to tables and views, each arrow a position and a commit; the page shows the views. Rates are over the last seconds; lag counts what a flow has not committed; the time is the age of the newest commit." commands={['tarn flow list', `curl http://${location.host}/api/v1/graph`]} />
        {large && graph && <span className="note">{count(graph.nodes.length)} nodes{show === 'map' ? ', joined by kind and layer' : ''}</span>}
        {(show !== 'map' || group) && <input type="search" className="filter" placeholder="Filter by name" aria-label="Filter by name" value={find} onChange={(e) => setFind(e.target.value)} />}
        <span className="ranges" role="group" aria-label="Shown as">
          {choices.map(([id, name]) => (
            <button key={id} type="button" aria-pressed={show === id} onClick={() => setParams({ show: id === 'map' ? null : id, group: null, find: null })}>{name}</button>
          ))}
        </span>
      </div>
      <Before query={query} rows={6} />
      {graph?.nodes.length === 0 && (
        <Empty title="Nothing is here yet" command="tarn up --project FOLDER">The map shows what runs: topics, flows, tables and views, as the project’s tarn.yml and models say.</Empty>
      )}
      {graph && graph.nodes.length > 0 && show === 'map' && <Drawn graph={graph} group={group} />}
      {graph && graph.nodes.length > 0 && show === 'list' && <NodeList graph={graph} group={group} find={find} />}
      {graph && graph.nodes.length > 0 && show === 'all' && <Suspense fallback={<Skeleton rows={8} />}><MapCanvas graph={graph} find={find} /></Suspense>}
    </section>
  );
}

const byFlow = (what: string, flows: string[]) => Object.fromEntries(flows.map((name) => [`${what}:${name}`, name]));

// How rates, lags and latencies went.
function OverTime() {
  const all = useFlows().data?.flows ?? [];
  const names = all.map((f) => f.name).join('\n');
  const ofRecords = all.filter((f) => f.lag_unit === 'records').map((f) => f.name).join('\n'); // others count versions
  const charts = useMemo<OverChart[]>(() => {
    const flows = names.split('\n').filter(Boolean);
    return [
      { label: 'Events in and rows to tables', series: { records_in: 'events in', rows_to_tables: 'rows to tables' }, unit: rate },
      { label: 'p99 from send to sink, by flow', series: byFlow('p99', flows), unit: milliseconds },
      { label: 'Lag in records, by flow of a topic', series: byFlow('lag', ofRecords.split('\n').filter(Boolean)), unit: compact },
      { label: 'Memory', series: { rss_bytes: 'resident' }, unit: bytes },
    ];
  }, [names, ofRecords]);
  return (
    <section className="panel" aria-labelledby="over-title">
      <div className="panel-head"><h2 id="over-title">Over time</h2></div>
      <Over charts={charts} why="Of the platform as a whole and of its flows." />
    </section>
  );
}

// The running platform at a glance: whether it adds up, how it hangs together, how much, how fast, what it shows.
export function Home() {
  const flows = useFlows();
  const views = useViews();
  return (
    <div className="stack" aria-busy={flows.isPending || views.isPending}>
      <MapPanel />
      <Rates />
      <OverTime />
      <WindowPanels />
    </div>
  );
}
