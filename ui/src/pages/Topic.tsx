import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../api/client';
import { useGroups, useKafka, useTopic } from '../api/queries';
import type { GroupSummary, LogRecord, RecordPage, Topic as TopicData } from '../api/types';
import { DataGrid, type GridColumn } from '../components/DataGrid';
import { Fact, Facts, Neighbours, NodeHead, Tabs } from '../components/NodeHead';
import { Over } from '../components/Over';
import { RecordBox } from '../components/PayloadBox';
import { SendForm } from '../components/SendForm';
import { Before, Empty, ErrorBox, Skeleton } from '../components/States';
import { Why } from '../components/Why';
import { bytes, compact, count, milliseconds, moment, rate } from '../format';
import { Link, address, navigate, setParams, useParam } from '../router';
import { groupTone } from './Groups';

const pageSize = 50;

function Partitions({ topic }: { topic: TopicData }) {
  const columns: GridColumn<TopicData['partitions'][number]>[] = [
    { id: 'partition', name: 'Partition', value: (p) => p.partition, cell: (p) => <Link to={address('/topic', { name: topic.name, tab: 'records', partition: p.partition })}>{p.partition}</Link>, right: true, width: 10 },
    { id: 'start', name: 'First kept', value: (p) => p.log_start_offset, cell: (p) => count(p.log_start_offset), right: true, width: 14 },
    { id: 'high', name: 'High watermark', value: (p) => p.high_watermark, cell: (p) => count(p.high_watermark), right: true, width: 16 },
    { id: 'stable', name: 'Last stable', value: (p) => p.last_stable_offset, cell: (p) => count(p.last_stable_offset), right: true, width: 14 },
    { id: 'bytes', name: 'Size', value: (p) => p.bytes, cell: (p) => bytes(p.bytes), right: true, width: 10 },
  ];
  return <DataGrid label="Partitions" columns={columns} rows={topic.partitions} rowKey={(p) => String(p.partition)} />;
}

// Who reads it from outside.
function Groups({ topic }: { topic: string }) {
  const query = useGroups();
  const kafka = useKafka();
  const columns = useMemo<GridColumn<GroupSummary>[]>(() => {
    const here = (g: GroupSummary) => g.topics.find((t) => t.name === topic);
    return [
      { id: 'group', name: 'Group', value: (g) => g.name, cell: (g) => <Link className="mono" to={address('/group', { name: g.name })} data-row={g.name}>{g.name}</Link>, width: 28 },
      { id: 'state', name: 'State', value: (g) => g.state, cell: (g) => <span className={`state ${groupTone(g.state)}`}>{g.state}</span>, width: 20 },
      { id: 'lag', name: 'Lag here', value: (g) => here(g)?.lag ?? null, cell: (g) => { const lag = here(g)?.lag; return lag === null || lag === undefined ? '–' : compact(lag); }, right: true, width: 11 },
      { id: 'missed', name: 'Missed', value: (g) => here(g)?.missed ?? 0, cell: (g) => <span className={here(g)?.missed ? 'amber' : ''}>{count(here(g)?.missed ?? 0)}</span>, right: true, width: 10 },
      { id: 'partitions', name: 'Partitions', value: (g) => here(g)?.partitions ?? 0, right: true, width: 11 },
      { id: 'members', name: 'Members', value: (g) => g.members, right: true, width: 10 },
    ];
  }, [topic]);
  const rows = (query.data?.groups ?? []).filter((g) => g.topics.some((t) => t.name === topic));
  return (
    <>
      <Before query={query} />
      {query.data && rows.length === 0 && <Empty title="No consumer group reads it" command={`kcat -b ${kafka} -G my-group ${topic}`}>Flows of Tarn need no group: the map shows them.</Empty>}
      {rows.length > 0 && <DataGrid label="Consumer groups" columns={columns} rows={rows} rowKey={(g) => g.name} sortParam="groups" sorted="group" onRow={(g) => navigate(address('/group', { name: g.name }))} />}
    </>
  );
}

const recordColumns: GridColumn<LogRecord>[] = [
  { id: 'offset', name: 'Offset', value: (r) => r.offset, cell: (r) => <button type="button" className="link" onClick={() => setParams({ at: r.offset })}>{count(r.offset)}</button>, right: true, width: 12 },
  { id: 'time', name: 'Timestamp', value: (r) => r.timestamp, cell: (r) => moment(r.timestamp, true), width: 24 },
  { id: 'key', name: 'Key', value: (r) => r.key?.text ?? null, width: 14 },
  { id: 'bytes', name: 'Size', value: (r) => r.value?.bytes ?? 0, cell: (r) => bytes(r.value?.bytes ?? null), right: true, width: 8 },
  { id: 'value', name: 'Value', value: (r) => r.value?.text ?? null, grow: true },
];

// Local time of the input as an instant; empty is none.
function instant(text: string): string | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function Where({ topic, page, partition }: { topic: TopicData; page: RecordPage | undefined; partition: number }) {
  const [offset] = useParam('offset', '');
  const [time] = useParam('time', '');
  const first = page?.records[0]?.offset;
  const go = (to: number) => setParams({ offset: Math.max(page?.log_start_offset ?? 0, to), time: null, at: null });
  return (
    <div className="where">
      <label>Partition{' '}
        <select value={partition} onChange={(e) => setParams({ partition: e.target.value, offset: null, time: null, at: null })}>
          {topic.partitions.map((p) => <option key={p.partition} value={p.partition}>{p.partition}</option>)}
        </select>
      </label>
      <label>Offset <input key={offset} type="number" min={0} defaultValue={offset} placeholder="newest" onKeyDown={(e) => e.key === 'Enter' && setParams({ offset: e.currentTarget.value || null, time: null, at: null })} onBlur={(e) => e.currentTarget.value !== offset && setParams({ offset: e.currentTarget.value || null, time: null, at: null })} /></label>
      <label>or time <input key={time} type="datetime-local" step={1} defaultValue={time} onChange={(e) => instant(e.target.value) && setParams({ time: e.target.value, offset: null, at: null }, { replace: time !== '' })} /></label>
      <span className="ranges">
        <button type="button" disabled={!page} onClick={() => go(page?.log_start_offset ?? 0)}>First</button>
        <button type="button" disabled={first === undefined || first <= (page?.log_start_offset ?? 0)} onClick={() => go((first ?? 0) - pageSize)}>Older</button>
        <button type="button" disabled={!page || page.next_offset >= page.high_watermark} onClick={() => go(page?.next_offset ?? 0)}>Newer</button>
        <button type="button" aria-pressed={!offset && !time} onClick={() => setParams({ offset: null, time: null, at: null })}>Newest</button>
      </span>
    </div>
  );
}

function Records({ topic }: { topic: TopicData }) {
  const [partitionText] = useParam('partition', '0');
  const [offset] = useParam('offset', '');
  const [time] = useParam('time', '');
  const [at] = useParam('at', '');
  const partition = Number(partitionText) || 0;
  const newest = !offset && !time;
  const from = time ? instant(time) : undefined;
  const kafka = useKafka();
  const query = useQuery({
    queryKey: ['records', topic.name, partition, offset, time],
    queryFn: ({ signal }) => get('/api/v1/topics/{name}/records', { path: { name: topic.name }, query: { partition, limit: pageSize, ...(from ? { time: from } : { offset: offset ? Number(offset) : -pageSize }) } }, signal),
    refetchInterval: newest && !at ? 2000 : false,
    placeholderData: (before) => before,
    retry: false,
  });
  const page = query.data;
  const record = page?.records.find((r) => String(r.offset) === at);
  return (
    <>
      <Where topic={topic} page={page} partition={partition} />
      {query.isPending && <Skeleton rows={8} />}
      {query.error && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
      {page?.records.length === 0 && !query.error && <Empty title="No records here" command={`echo '{}' | kcat -P -b ${kafka} -t ${topic.name} -p ${partition}`}>Partition {partition} has offsets {count(page.log_start_offset)} to {count(page.high_watermark)}; there is nothing at or after what was asked for.</Empty>}
      {record && <RecordBox topic={topic.name} partition={partition} record={record} close={() => setParams({ at: null })} />}
      {page && page.records.length > 0 && <DataGrid label="Records" columns={recordColumns} rows={page.records} rowKey={(r) => String(r.offset)} sorted="-offset" onRow={(r) => setParams({ at: r.offset })} rowClass={(r) => (String(r.offset) === at ? 'chosen' : '')} />}
      {page && <p className="note list-note">Offsets {count(page.log_start_offset)} to {count(page.high_watermark - 1)} are kept. <Why label="records" text="Records of one partition, decoded for people; the bytes are the log’s own." commands={[`kcat -C -b ${kafka} -t ${topic.name} -p ${partition} -o ${offset || '-50'} -c 50`, `curl 'http://${location.host}/api/v1/topics/${topic.name}/records?partition=${partition}&offset=${offset || -pageSize}&limit=${pageSize}'`]} /></p>}
    </>
  );
}

export function Topic({ name }: { name: string }) {
  const query = useTopic(name);
  const kafka = useKafka();
  const [tab, setTab] = useParam('tab', 'records');
  const t = query.data;
  return (
    <div className="stack">
      <NodeHead kind="topic" name={name} why="Records as they came, in order within a partition, durable before they are acknowledged. Any Kafka client reads and writes it." commands={[`tarn topic describe ${name}`, `kcat -C -b ${kafka} -t ${name} -o -5 -e`]}>
        <Link className="button" to={address('/sql', { sql: `select * from "${name}" limit 100` })} hidden>SQL</Link>
      </NodeHead>
      <Before query={query} />
      {t && (
        <>
          <Facts from="As the log says of this topic, read each second." commands={[`tarn topic describe ${name}`, `curl http://${location.host}/api/v1/topics/${name}`]}>
            <Fact name="Rate" value={rate(t.records_per_second)}><Why label="rate" text="Records appended a second, over the last seconds." commands={[`curl http://${location.host}/api/v1/topics/${name}`]} /></Fact>
            <Fact name="Records kept" value={count(t.records)}><Why label="records kept" text="High watermarks less the first offsets that are kept." commands={[`tarn topic describe ${name}`]} /></Fact>
            <Fact name="Ever appended" value={count(t.appended)} />
            <Fact name="Size" value={bytes(t.bytes)} />
            <Fact name="Partitions" value={t.partitions.length} />
            <Fact name="Kept for" value={t.retention_ms === null ? 'ever' : milliseconds(t.retention_ms)} />
            <Fact name="Timestamps" value={t.timestamp_type === 'CreateTime' ? 'the producer’s' : 'the log’s'} />
          </Facts>
          <Neighbours id={`topic:${name}`} />
          <section className="panel">
            <Tabs tabs={[['records', 'Records'], ['partitions', 'Partitions'], ['groups', 'Groups'], ['rate', 'Over time'], ['send', 'Send an event']]} at={tab} set={setTab} />
            {tab === 'records' && <Records topic={t} />}
            {tab === 'partitions' && <Partitions topic={t} />}
            {tab === 'groups' && <Groups topic={name} />}
            {tab === 'rate' && <Over charts={[{ label: 'Records a second', series: { [`topic:${name}`]: 'records' }, unit: rate }]} why="Records appended to this topic." />}
            {tab === 'send' && <SendForm topic={name} partitions={t.partitions.length} />}
          </section>
        </>
      )}
    </div>
  );
}
