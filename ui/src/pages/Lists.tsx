import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, type ReactNode } from 'react';
import { undropTable } from '../api/client';
import { useDropped, useFlows, useGraph, useKafka, useTables, useTopics, useViews } from '../api/queries';
import type { DroppedTable, Flow, GraphNode, Table, Topic, View } from '../api/types';
import { DataGrid, type GridColumn } from '../components/DataGrid';
import { Before, Empty, ErrorBox } from '../components/States';
import { WindowPanels } from '../components/Views';
import { Why } from '../components/Why';
import { age, bytes, compact, count, milliseconds, moment, rate } from '../format';
import { useTick } from '../live/clock';
import { live } from '../live/stream';
import { shapeOf } from '../live/windows';
import { address, Link, navigate, useParam } from '../router';

const tall = () => Math.max(320, window.innerHeight - 260);

interface ListPage<T extends { name: string }> {
  kind: string;
  title: string;
  why: ReactNode;
  commands: string[];
  query: { isPending: boolean; error: unknown; data: unknown; refetch: () => unknown };
  rows: T[] | undefined;
  columns: GridColumn<T>[];
  empty: ReactNode;
  rowClass?: (row: T) => string;
  children?: ReactNode;
}

export function List<T extends { name: string }>({ kind, title, why, commands, query, rows, columns, empty, rowClass, children }: ListPage<T>) {
  const [find, setFind] = useParam('find', '', { replace: true });
  useTick(1000);
  const shown = useMemo(() => {
    const wanted = find.toLowerCase();
    return (rows ?? []).filter((r) => r.name.toLowerCase().includes(wanted));
  }, [rows, find]);
  return (
    <section className="panel" aria-labelledby="list-title">
      <div className="panel-head">
        <h1 id="list-title">{title}</h1>
        <Why label={title} text={why} commands={commands} />
        <span className="note lead">{rows ? `${find ? `${count(shown.length)} of ` : ''}${count(rows.length)}` : ''}</span>
        <input type="search" className="filter" placeholder="Filter by name" aria-label="Filter by name" value={find} onChange={(e) => setFind(e.target.value)} />
        {children}
      </div>
      <Before query={query} rows={8} />
      {rows?.length === 0 && empty}
      {rows && rows.length > 0 && shown.length === 0 && <Empty title={`No ${kind} is called like “${find}”`}>Clear the filter to see all.</Empty>}
      {shown.length > 0 && (
        <DataGrid label={title} columns={columns} rows={shown} rowKey={(r) => r.name} height={tall()} sorted="name" onRow={(r) => navigate(address(`/${kind}`, { name: r.name }))} {...(rowClass ? { rowClass } : {})} />
      )}
    </section>
  );
}

export const nameColumn = (kind: string): GridColumn<{ name: string }> => ({
  id: 'name', name: 'Name', value: (r) => r.name, cell: (r) => <Link className="mono" to={address(`/${kind}`, { name: r.name })} data-row={r.name}>{r.name}</Link>, width: 28,
});

export function Topics() {
  const [internal, setInternal] = useParam('internal', '');
  const query = useTopics(internal === 'yes');
  const kafka = useKafka();
  const columns = useMemo<GridColumn<Topic>[]>(() => [
    nameColumn('topic'),
    { id: 'rate', name: 'Rate', value: (t) => t.records_per_second, cell: (t) => rate(t.records_per_second), right: true, width: 10 },
    { id: 'records', name: 'Records kept', value: (t) => t.records, cell: (t) => count(t.records), right: true, width: 13 },
    { id: 'appended', name: 'Ever', value: (t) => t.appended, cell: (t) => count(t.appended), right: true, width: 13 },
    { id: 'bytes', name: 'Size', value: (t) => t.bytes, cell: (t) => bytes(t.bytes), right: true, width: 10 },
    { id: 'partitions', name: 'Partitions', value: (t) => t.partitions.length, right: true, width: 11 },
    { id: 'kept', name: 'Kept for', value: (t) => t.retention_ms ?? Infinity, cell: (t) => (t.retention_ms === null ? 'ever' : milliseconds(t.retention_ms)), right: true, width: 10 },
    { id: 'created', name: 'Created', value: (t) => t.created, cell: (t) => moment(t.created), width: 20 },
  ], []);
  return (
    <List kind="topic" title="Topics" query={query} rows={query.data?.topics} columns={columns} commands={['tarn topic list', `kcat -L -b ${kafka}`]}
      why="Records as they came, in order within a partition. Any Kafka client reads and writes them."
      empty={<Empty title="No topics yet" command="tarn topic create NAME">A topic is a log that any Kafka client can write to.</Empty>}>
      <label className="check"><input type="checkbox" checked={internal === 'yes'} onChange={(e) => setInternal(e.target.checked ? 'yes' : '')} /> Tarn’s own too</label>
    </List>
  );
}

// Tables that were dropped and can be brought back; nothing while there are none.
function Dropped() {
  const query = useDropped();
  const client = useQueryClient();
  const act = useMutation({ mutationFn: (t: DroppedTable) => undropTable(t.table, t.id), onSettled: () => client.invalidateQueries({ queryKey: ['tables'] }) });
  const tables = query.data?.tables ?? [];
  if (tables.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="dropped-title">
      <div className="panel-head"><h2 id="dropped-title">Dropped</h2><span className="note lead">{count(tables.length)}, {bytes(tables.reduce((sum, t) => sum + t.bytes, 0))}</span></div>
      {act.error && <ErrorBox error={act.error} />}
      <table className="plain">
        <thead><tr><th>Name</th><th>Dropped</th><th>Goes for good</th><th className="right">Size</th><th /></tr></thead>
        <tbody>
          {tables.map((t) => (
            <tr key={t.id}>
              <td className="mono">{t.table}</td><td>{moment(t.dropped)}</td><td>{moment(t.goes)}</td><td className="right">{bytes(t.bytes)}</td>
              <td><button type="button" disabled={act.isPending} onClick={() => act.mutate(t)}>Bring it back</button></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function Tables() {
  const query = useTables();
  const columns = useMemo<GridColumn<Table>[]>(() => [
    nameColumn('table'),
    { id: 'rows', name: 'Rows', value: (t) => t.rows, cell: (t) => count(t.rows), right: true, width: 13 },
    { id: 'rate', name: 'Grows by', value: (t) => t.rows_per_second, cell: (t) => rate(t.rows_per_second), right: true, width: 10 },
    { id: 'bytes', name: 'Size', value: (t) => t.bytes, cell: (t) => bytes(t.bytes), right: true, width: 10 },
    { id: 'files', name: 'Files', value: (t) => t.files, cell: (t) => count(t.files), right: true, width: 9 },
    { id: 'version', name: 'Version', value: (t) => t.version, cell: (t) => count(t.version), right: true, width: 10 },
    { id: 'commit', name: 'Last commit', value: (t) => t.last_commit, cell: (t) => age(live.now() - Date.parse(t.last_commit)), right: true, width: 16 },
    { id: 'about', name: 'About', value: (t) => t.description, grow: true },
  ], []);
  return (
    <>
      <List kind="table" title="Tables" query={query} rows={query.data?.tables} columns={columns} commands={['tarn table list']}
        why="Delta tables in the data folder, written by flows, read by any engine."
        empty={<Empty title="No tables yet" command="tarn up --project FOLDER">A topic with a table in tarn.yml gets one at the next start.</Empty>} />
      <Dropped />
      {query.data?.failed?.map((f) => <p className="reason" key={f.name}>{`${f.name}: ${f.message}`}</p>)}
    </>
  );
}

export function Flows() {
  const query = useFlows();
  const columns = useMemo<GridColumn<Flow>[]>(() => [
    { id: 'name', name: 'Flow', value: (f) => f.name, cell: (f) => <Link className="mono" to={address('/flow', { name: f.name })} data-flow={f.name}>{f.name}</Link>, width: 26 },
    { id: 'state', name: 'State', value: (f) => f.state, cell: (f) => <span className={`state ${f.state}`} title={f.reason}>{f.state}</span>, width: 11 },
    { id: 'from', name: 'From', value: (f) => f.source, cell: (f) => <Link className="mono" to={address(`/${f.source_kind}`, { name: f.source })}>{f.source}</Link>, width: 18 },
    { id: 'to', name: 'To', value: (f) => f.sinks.map((s) => s.name).join(', '), cell: (f) => f.sinks.map((s, i) => <span key={s.name}>{i > 0 && ', '}<Link className="mono" to={address(`/${s.kind}`, { name: s.name })}>{s.name}</Link></span>), grow: true },
    { id: 'lag', name: 'Lag', value: (f) => f.lag, cell: (f) => `${compact(f.lag)}${f.lag_unit === 'versions' ? ' versions' : ''}`, right: true, width: 10 },
    { id: 'in', name: 'Rows in', value: (f) => f.rows_in, cell: (f) => count(f.rows_in), right: true, width: 12 },
    { id: 'late', name: 'Late', value: (f) => f.late, cell: (f) => count(f.late), right: true, width: 9 },
    { id: 'dead_letters', name: 'Dead letters', value: (f) => f.dead_letters, cell: (f) => <span className={f.dead_letters ? 'amber' : ''}>{count(f.dead_letters)}</span>, right: true, width: 12 },
    { id: 'quarantined', name: 'Quarantined', value: (f) => f.quarantined, cell: (f) => <span className={f.quarantined ? 'amber' : ''}>{count(f.quarantined)}</span>, right: true, width: 12 },
    { id: 'p99', name: 'p99', value: (f) => f.latency_p99_ms, cell: (f) => milliseconds(f.latency_p99_ms), right: true, width: 9 },
    { id: 'commit', name: 'Committed', value: (f) => f.last_commit, cell: (f) => (f.last_commit ? age(live.now() - Date.parse(f.last_commit)) : '–'), right: true, width: 14 },
  ], []);
  return (
    <List kind="flow" title="Flows" query={query} rows={query.data?.flows} columns={columns} commands={['tarn flow list']} rowClass={(f) => (f.state === 'failed' || f.state === 'retrying' ? 'bad' : '')}
      why="A flow reads from positions and commits to each of its sinks the rows and the number of the batch at once."
      empty={<Empty title="No flows yet" command="tarn up --project FOLDER">A flow takes a topic to a table or a materialized view. Give a topic a table in tarn.yml, or add a model.</Empty>} />
  );
}

export function Views() {
  const query = useViews();
  const graph = useGraph().data;
  const byName = useMemo(() => new Map<string, GraphNode>((graph?.nodes ?? []).filter((n) => n.kind === 'view').map((n) => [n.name, n])), [graph]);
  const columns = useMemo<GridColumn<View>[]>(() => [
    nameColumn('view'),
    { id: 'rows', name: 'Rows, about', value: (v) => v.rows, cell: (v) => count(v.rows), right: true, width: 13 },
    { id: 'columns', name: 'Columns', value: (v) => v.columns.length, right: true, width: 10 },
    { id: 'key', name: 'Key', value: (v) => v.key.join(', '), grow: true },
    { id: 'fresh', name: 'Committed', value: (v) => byName.get(v.name)?.freshness_ms ?? null, cell: (v) => { const ms = byName.get(v.name)?.freshness_ms; return ms === null || ms === undefined ? '–' : age(ms); }, right: true, width: 14 },
  ], [byName]);
  return (
    <div className="stack">
      <List kind="view" title="Views" query={query} rows={query.data?.views} columns={columns} commands={[`curl http://${location.host}/api/v1/views`]}
        why="Materialized views of live models: results that are kept up to date as events come, with the number of the batch they are of."
        empty={<Empty title="No materialized views yet" command="tarn up --project FOLDER">A materialized view is a model with materialized=&apos;materialized_view&apos; over stream(&apos;topic&apos;).</Empty>} />
      {(query.data?.views ?? []).some((v) => shapeOf(v.columns, v.key)) && <WindowPanels />}
    </div>
  );
}
