import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get, runSql } from '../api/client';
import { useTables } from '../api/queries';
import type { Commit, SqlResult, Table as TableData, TableFile } from '../api/types';
import { Lines } from '../chart/Lines';
import { DataGrid, type GridColumn } from '../components/DataGrid';
import { Fact, Facts, Neighbours, NodeHead, Tabs } from '../components/NodeHead';
import { ResultGrid } from '../components/ResultGrid';
import { Before, Empty } from '../components/States';
import { Why } from '../components/Why';
import { age, bytes, compact, count, moment, rate } from '../format';
import { live } from '../live/stream';
import { useTick } from '../live/clock';
import { growth, quoted } from '../live/tables';
import { address, Link, useParam } from '../router';

function useHistory(table: TableData | undefined) {
  return useQuery({
    queryKey: ['history', table?.name, table?.version],
    queryFn: ({ signal }) => get('/api/v1/tables/{name}/history', { path: { name: table?.name ?? '' }, query: { limit: 500 } }, signal),
    enabled: table !== undefined,
    placeholderData: (before) => before,
    staleTime: Infinity,
  });
}

const schemaColumns: GridColumn<TableData['columns'][number] & { at: number; partitioned: boolean }>[] = [
  { id: 'at', name: '#', value: (c) => c.at, right: true, width: 5 },
  { id: 'column', name: 'Column', value: (c) => c.name, cell: (c) => <span className="mono">{c.name}</span>, width: 26 },
  { id: 'type', name: 'Type', value: (c) => c.type, width: 24 },
  { id: 'about', name: 'Role', value: (c) => (c.partitioned ? 'partitions the files' : c.name.startsWith('_') ? 'where the row came from' : ''), grow: true },
];

const number = (text: string | undefined) => (text === undefined || text === '' || Number.isNaN(Number(text)) ? null : Number(text));

const commitColumns: GridColumn<Commit>[] = [
  { id: 'version', name: 'Version', value: (c) => c.version, cell: (c) => count(c.version), right: true, width: 10 },
  { id: 'time', name: 'Time', value: (c) => c.time, cell: (c) => moment(c.time, true), width: 25 },
  { id: 'operation', name: 'Operation', value: (c) => c.operation, cell: (c) => <span title={JSON.stringify(c.parameters)}>{c.operation.toLowerCase()}{c.parameters.mode ? ` · ${c.parameters.mode.toLowerCase()}` : ''}</span>, width: 16 },
  { id: 'rows', name: 'Rows', value: (c) => number(c.metrics.numOutputRows), cell: (c) => count(number(c.metrics.numOutputRows)), right: true, width: 10 },
  { id: 'files', name: 'Files', value: (c) => number(c.metrics.numFiles), cell: (c) => count(number(c.metrics.numFiles)), right: true, width: 8 },
  { id: 'bytes', name: 'Size', value: (c) => number(c.metrics.numOutputBytes), cell: (c) => bytes(number(c.metrics.numOutputBytes)), right: true, width: 10 },
  { id: 'batch', name: 'By', value: (c) => (c.txn ? `${c.txn.app_id.split('/')[0]} batch ${c.txn.version}` : c.engine), cell: (c) => (c.txn ? <><Link className="mono" to={address('/flow', { name: c.txn.app_id.split('/')[0] ?? '' })}>{c.txn.app_id.split('/')[0]}</Link> batch {count(c.txn.version)}</> : c.engine), grow: true },
];

function Files({ table }: { table: TableData }) {
  const query = useInfiniteQuery({
    queryKey: ['files', table.name],
    queryFn: ({ pageParam, signal }) => get('/api/v1/tables/{name}/files', { path: { name: table.name }, query: { limit: 500, ...(pageParam ? { after: pageParam } : {}) } }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    retry: false,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((p) => p.files) ?? [], [query.data]);
  const columns = useMemo<GridColumn<TableFile>[]>(() => [
    { id: 'modified', name: 'Written', value: (f) => f.modified, cell: (f) => moment(f.modified, true), width: 25 },
    ...table.partition_by.map((p): GridColumn<TableFile> => ({ id: `p-${p}`, name: p, value: (f) => f.partition[p] ?? null, width: 12 })),
    { id: 'rows', name: 'Rows', value: (f) => f.rows, cell: (f) => count(f.rows), right: true, width: 10 },
    { id: 'bytes', name: 'Size', value: (f) => f.bytes, cell: (f) => bytes(f.bytes), right: true, width: 10 },
    { id: 'path', name: 'Path', value: (f) => f.path, cell: (f) => <span className="mono">{f.path}</span>, grow: true },
  ], [table.partition_by]);
  return (
    <>
      <Before query={query} rows={8} />
      {query.data && rows.length === 0 && <Empty title="No files yet">The first commit with rows writes one.</Empty>}
      {rows.length > 0 && <DataGrid label="Files" columns={columns} rows={rows} rowKey={(f) => f.path} sorted="-modified" sortParam="files" />}
      {query.data && <p className="note list-note">{count(rows.length)} of {count(table.files)} files of version {count(query.data.pages[0]?.version)} {query.hasNextPage && <button type="button" className="quiet" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>more</button>}</p>}
    </>
  );
}

function Sample({ table }: { table: TableData }) {
  const sql = `select * from ${quoted(table.name)} limit 100`;
  const query = useQuery<SqlResult>({ queryKey: ['sample', table.name], queryFn: ({ signal }) => runSql(sql, signal), staleTime: Infinity, retry: false });
  return (
    <>
      <Before query={query} rows={8} />
      {query.data && query.data.rows.length === 0 && <Empty title="No rows yet">The table fills with the first batch of its flow.</Empty>}
      {query.data && query.data.rows.length > 0 && <ResultGrid result={query.data} />}
      <p className="note list-note">100 rows as they lie <button type="button" className="quiet" onClick={() => void query.refetch()}>read again</button> <Link to={address('/sql', { sql, run: '1' })}>open in SQL</Link></p>
    </>
  );
}

function Growth({ table, commits }: { table: TableData; commits: Commit[] }) {
  const data = useMemo(() => growth(commits, table.rows), [commits, table.rows]);
  if (data.times.length < 2) return <Empty title="Not enough commits yet">Growth is drawn from two commits on.</Empty>;
  return (
    <div className="charts">
      <Lines label={`Rows, over the last ${count(commits.length)} commits`} times={data.times} series={[{ name: 'rows', values: data.rows }]} step area />
      <Lines label="Rows of each commit" times={data.times} series={[{ name: 'rows added', values: data.added }]} step area />
    </div>
  );
}

export function Table({ name }: { name: string }) {
  useTick(1000);
  const listed = useTables().data?.tables.find((t) => t.name === name);
  const query = useQuery({ queryKey: ['table', name], queryFn: ({ signal }) => get('/api/v1/tables/{name}', { path: { name } }, signal), retry: false });
  const t = listed ?? query.data;
  const history = useHistory(t);
  const [tab, setTab] = useParam('tab', 'versions');
  const schema = useMemo(() => (t?.columns ?? []).map((c, i) => ({ ...c, at: i + 1, partitioned: t?.partition_by.includes(c.name) ?? false })), [t?.columns, t?.partition_by]);
  const commits = history.data?.commits ?? [];
  return (
    <div className="stack">
      <NodeHead kind="table" name={name} why={<>A Delta table{t?.description ? `: ${t.description}` : ''}. Any Delta reader opens its folder: <span className="why-line">{t?.path}</span></>} commands={[`tarn table describe ${name}`, `tarn table history ${name}`, `tarn sql "select count(*) from ${name}"`]}>
        <Link className="button" to={address('/sql', { sql: `select *\nfrom ${quoted(name)}\nlimit 100`, run: '1' })}>Query it</Link>
      </NodeHead>
      {!t && <Before query={query} />}
      {t && (
        <>
          <Facts from={`Of version ${t.version}, from the table’s own log and its files’ statistics.`} commands={[`tarn table describe ${name}`, `curl http://${location.host}/api/v1/tables/${name}`]}>
            <Fact name="Rows" value={t.rows === null ? 'not known' : count(t.rows)}><Why label="rows" text={`From the statistics of the ${count(t.files)} live files of version ${t.version}.`} commands={[`tarn sql "select count(*) from ${name}"`]} /></Fact>
            <Fact name="Grows by" value={rate(t.rows_per_second)} />
            <Fact name="Size" value={bytes(t.bytes)}><Why label="size" text="Live files of the newest version; older versions’ files are not counted." commands={[`du -sh ${t.path}`]} /></Fact>
            <Fact name="Files" value={count(t.files)} />
            <Fact name="Version" value={count(t.version)} />
            <Fact name="Last commit" value={age(live.now() - Date.parse(t.last_commit))}><Why label="last commit" text={`Version ${t.version}, ${moment(t.last_commit, true)}`} commands={[`tarn table history ${name}`]} /></Fact>
            <Fact name="Partitioned by" value={t.partition_by.join(', ') || 'nothing'} />
          </Facts>
          <Neighbours id={`table:${name}`} />
          <section className="panel">
            <Tabs tabs={[['versions', 'Versions'], ['schema', `Schema`], ['growth', 'Growth'], ['files', 'Files'], ['sample', 'Sample']]} at={tab} set={setTab} />
            {tab === 'schema' && <DataGrid label="Schema" columns={schemaColumns} rows={schema} rowKey={(c) => c.name} sortParam="schema" />}
            {(tab === 'versions' || tab === 'growth') && <Before query={history} rows={8} />}
            {tab === 'versions' && commits.length > 0 && <DataGrid label="Versions" columns={commitColumns} rows={commits} rowKey={(c) => String(c.version)} sorted="-version" sortParam="versions" />}
            {tab === 'versions' && commits.length > 0 && <p className="note list-note">the newest {compact(commits.length)} commits, each one atomic</p>}
            {tab === 'growth' && history.data && <Growth table={t} commits={commits} />}
            {tab === 'files' && <Files table={t} />}
            {tab === 'sample' && <Sample table={t} />}
          </section>
        </>
      )}
    </div>
  );
}
