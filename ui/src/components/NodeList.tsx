import { useMemo } from 'react';
import type { Graph, GraphNode } from '../api/types';
import { bytes, compact, count, milliseconds, rate } from '../format';
import { groupOf } from '../map/model';
import { Link, navigate, nodeAddress, setParams } from '../router';
import { DataGrid, type GridColumn } from './DataGrid';

const words: Record<GraphNode['state'], string> = { ok: 'well', idle: 'idle', warn: 'look', error: 'wrong', paused: 'paused' };
const severity: Record<GraphNode['state'], number> = { error: 0, warn: 1, paused: 2, ok: 3, idle: 4 };

function columnsOf(graph: Graph): GridColumn<GraphNode>[] {
  const feeds = new Map<string, string[]>();
  for (const e of graph.edges) (feeds.get(e.to) ?? feeds.set(e.to, []).get(e.to))?.push(e.from);
  return [
    { id: 'kind', name: 'Kind', value: (n) => n.kind, width: 9 },
    { id: 'name', name: 'Name', value: (n) => n.name, cell: (n) => <Link to={nodeAddress(n.id)} className="mono" data-node={n.id}>{n.name}</Link>, width: 30 },
    { id: 'state', name: 'State', value: (n) => severity[n.state], cell: (n) => <span className={`state ${n.state}`} title={n.reason}>{words[n.state]}</span>, width: 11 },
    { id: 'rate', name: 'Rate', value: (n) => n.records_per_second, cell: (n) => rate(n.records_per_second), right: true, width: 9 },
    { id: 'lag', name: 'Lag', value: (n) => n.lag, cell: (n) => (n.lag === null ? '–' : `${compact(n.lag)} ${n.lag_unit ?? ''}`), right: true, width: 14 },
    { id: 'age', name: 'Age', value: (n) => n.freshness_ms, cell: (n) => milliseconds(n.freshness_ms), right: true, width: 10 },
    { id: 'rows', name: 'Rows', value: (n) => n.rows, cell: (n) => compact(n.rows), right: true, width: 9 },
    { id: 'size', name: 'Size', value: (n) => n.bytes, cell: (n) => bytes(n.bytes), right: true, width: 9 },
    { id: 'from', name: 'Fed by', value: (n) => (feeds.get(n.id) ?? []).join(', '), grow: true },
  ];
}

// The map as a list: the same nodes, for the keyboard, a reader, a phone, and for thousands of them.
export function NodeList({ graph, group, find }: { graph: Graph; group: string; find: string }) {
  const shape = `${graph.nodes.length} ${graph.edges.length}`;
  const columns = useMemo(() => columnsOf(graph), [shape]); // eslint-disable-line
  const rows = useMemo(() => {
    const wanted = find.toLowerCase();
    return graph.nodes.filter((n) => (!group || groupOf(n) === group || group === `group:${n.kind}:`) && (!wanted || n.name.toLowerCase().includes(wanted)));
  }, [graph, group, find]);
  return (
    <>
      <p className="note list-note">
        {count(rows.length)} of {count(graph.nodes.length)} nodes
        {group && <> in <b>{group.split(':').slice(1).filter(Boolean).join(' ')}</b> <button type="button" className="quiet" onClick={() => setParams({ group: null })}>show all</button></>}
      </p>
      <DataGrid label="Nodes of the map" columns={columns} rows={rows} rowKey={(n) => n.id} sorted="state" onRow={(n) => navigate(nodeAddress(n.id))} rowClass={(n) => (n.state === 'error' ? 'bad' : '')} />
    </>
  );
}
