import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { useTables } from '../api/queries';
import type { Table as TableData } from '../api/types';
import { Fact, Facts, Neighbours, NodeHead, Tabs } from '../components/NodeHead';
import { Before } from '../components/States';
import { Why } from '../components/Why';
import { age, bytes, count, moment, rate } from '../format';
import { useTick } from '../live/clock';
import { live } from '../live/stream';
import { quoted } from '../live/tables';
import { address, Link, useParam } from '../router';
import { Care } from './table/Care';
import { History } from './table/History';
import { Layout } from './table/Layout';
import { Rows } from './table/Rows';
import { Schema } from './table/Schema';

const tabs: [string, string][] = [['history', 'History'], ['schema', 'Schema'], ['files', 'Files'], ['care', 'Care'], ['rows', 'Rows']];

const wait = 3000; // ms from one look at the log to the next, while the table grows

function HistoryTab({ table }: { table: TableData }) {
  const query = useQuery({
    queryKey: ['table-history', table.name],
    queryFn: ({ signal }) => get('/api/v1/tables/{name}/history', { path: { name: table.name }, query: { limit: 500 } }, signal),
    refetchInterval: (q) => ((q.state.data?.commits[0]?.version ?? -1) < table.version ? wait : false),
    retry: false,
  });
  return query.data ? <History table={table} commits={query.data.commits} /> : <Before query={query} rows={8} />;
}

export function Table({ name }: { name: string }) {
  useTick(1000);
  const listed = useTables().data?.tables.find((t) => t.name === name);
  const [tab, setTab] = useParam('tab', 'history');
  const query = useQuery({ queryKey: ['table', name], queryFn: ({ signal }) => get('/api/v1/tables/{name}', { path: { name } }, signal), refetchInterval: tab === 'schema' ? 10_000 : false, retry: false });
  const t = listed ?? query.data;
  const clustered = query.data?.cluster_by ?? [];
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
            {clustered.length > 0 ? <Fact name="Clustered by" value={clustered.join(', ')} /> : <Fact name="Partitioned by" value={t.partition_by.join(', ') || 'nothing'} />}
          </Facts>
          <Neighbours id={`table:${name}`} />
          <section className="panel">
            <Tabs tabs={tabs} at={tab} set={setTab} />
            {tab === 'history' && <HistoryTab table={t} />}
            {tab === 'schema' && (query.data ? <Schema table={query.data} /> : <Before query={query} rows={8} />)}
            {tab === 'files' && <Layout table={t} />}
            {tab === 'care' && <Care table={t} clustered={clustered.length > 0} />}
            {tab === 'rows' && <Rows table={t} />}
          </section>
        </>
      )}
    </div>
  );
}
