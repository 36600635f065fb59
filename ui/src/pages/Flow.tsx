import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { flowAction, get } from '../api/client';
import { useFlows, useKafka } from '../api/queries';
import type { Flow as FlowData, LogRecord, Run } from '../api/types';
import { Lines } from '../chart/Lines';
import { DataGrid, type GridColumn } from '../components/DataGrid';
import { Fact, Facts, Neighbours, NodeHead, Tabs } from '../components/NodeHead';
import { Over, type OverChart } from '../components/Over';
import { Said } from '../components/Said';
import { PayloadBox } from '../components/PayloadBox';
import { RunGrid } from '../components/RunGrid';
import { Before, Empty, ErrorBox } from '../components/States';
import { Why } from '../components/Why';
import { age, compact, count, milliseconds, moment, rate } from '../format';
import { useTick } from '../live/clock';
import { reasonOf } from '../live/reason';
import { live } from '../live/stream';
import { address, Link, useParam } from '../router';

const startable = (flow: FlowData) => flow.state === 'paused' || flow.state === 'failed';

function PauseResume({ flow }: { flow: FlowData }) {
  const client = useQueryClient();
  const action = startable(flow) ? 'resume' : 'pause';
  const act = useMutation({ mutationFn: () => flowAction(flow.name, action), onSettled: () => client.invalidateQueries({ queryKey: ['flows'] }) });
  return (
    <>
      <button type="button" className={action === 'resume' ? 'primary' : ''} disabled={act.isPending} onClick={() => act.mutate()} title={action === 'resume' ? 'Goes on from its position' : 'Stops after the batch under way; resume goes on from there, nothing is lost'}>
        {action === 'resume' ? 'Resume' : 'Pause'}
      </button>
      {act.error && <ErrorBox error={act.error} />}
    </>
  );
}

// Where what stands cannot go on, resuming does not help.
const needsRebuild = (flow: FlowData) => flow.state === 'failed' && flow.reason.includes('tarn flow rebuild');

function Rebuild({ flow }: { flow: FlowData }) {
  const client = useQueryClient();
  const act = useMutation({ mutationFn: () => flowAction(flow.name, 'rebuild'), onSettled: () => client.invalidateQueries({ queryKey: ['flows'] }) });
  return (
    <>
      <button type="button" className="primary" disabled={act.isPending} onClick={() => act.mutate()} title="Builds what it writes anew from its source, beside what stands, and puts it in its place in one commit; then what reads that">
        Build it anew
      </button>
      {act.error && <ErrorBox error={act.error} />}
    </>
  );
}

// What stopped it, once: message, the error's page, what to do, and the button that does it.
function Stopped({ flow, todo }: { flow: FlowData; todo: string }) {
  const { message, id } = reasonOf(flow.reason);
  const failed = flow.state === 'failed';
  return (
    <div className="error-box" role="alert" data-why>
      <strong>
        {failed ? 'It does not advance: it has failed' : 'It does not advance: it tries again by itself'}
        {id && <Link className="error-id" to={address('/errors', { id })}>{id}</Link>}
      </strong>
      <pre>{message || 'It gave no reason.'}</pre>
      <p><b>What to do:</b> <Said text={todo} /></p>
      {failed && (needsRebuild(flow) ? <Rebuild flow={flow} /> : <PauseResume flow={flow} />)}
    </div>
  );
}

// One sentence: why it advances, or what it waits for.
function WhySentence({ flow }: { flow: FlowData }) {
  const query = useQuery({ queryKey: ['flow-why', flow.name], queryFn: ({ signal }) => get('/api/v1/flows/{name}/why', { path: { name: flow.name } }, signal), refetchInterval: 2000, retry: false });
  const why = query.data;
  if (flow.state === 'failed' || flow.state === 'retrying') {
    const known = why && !why.advancing ? why.todo : '';
    return <Stopped flow={flow} todo={known || (flow.state === 'failed' ? `Mend what is named, then: tarn flow resume ${flow.name}` : 'If it stays, mend what is named.')} />;
  }
  if (!why) return flow.reason ? <p className="verdict warn">{flow.reason}</p> : null;
  return (
    <p className={`verdict ${why.advancing ? 'good' : 'warn'}`} data-why>
      <b>{why.advancing ? 'It advances.' : 'It does not advance.'}</b> <Said text={`${why.sentence} ${why.todo}`} />{' '}
      <Why label="why" text="The state, the positions and the last outcome of the flow, in one sentence." commands={[`tarn flow why ${flow.name}`]} />
    </p>
  );
}

type Position = FlowData['positions'][number];
const placeOf = (flow: FlowData, p: Position) => (flow.source_kind === 'table' ? p.source : `${p.source}/${p.partition}`);

const markColumn: GridColumn<Position> = {
    id: 'mark', name: 'Watermark', value: (p) => (p.holds_watermark ? 'holds it' : p.idle ? 'idle' : ''), width: 12,
    cell: (p) => (p.holds_watermark ? <b data-holds>holds it</b> : p.idle ? <span className="state idle" title="Without an event for so long that the watermark does not wait for it">idle</span> : ''),
  };

// How far event time has come there.
const eventTimeColumns: GridColumn<Position>[] = [
  { id: 'event', name: 'Event time', value: (p) => p.event_time, cell: (p) => (p.event_time ? moment(p.event_time, true) : p.still_ms === null ? '–' : 'no event yet'), width: 24 },
  { id: 'still', name: 'Still for', value: (p) => p.still_ms, cell: (p) => milliseconds(p.still_ms), right: true, width: 11 },
];

function Positions({ flow }: { flow: FlowData }) {
  const versions = flow.source_kind === 'table';
  const timed = flow.positions.some((p) => p.still_ms !== null);
  const columns: GridColumn<Position>[] = [
    { id: 'partition', name: versions ? 'Table' : 'Partition', value: (p) => p.partition, cell: (p) => (versions ? p.source : p.partition), right: !versions, width: versions ? 24 : 10 },
    ...(timed ? [markColumn] : []),
    { id: 'start', name: 'Began at', value: (p) => p.start_offset, cell: (p) => count(p.start_offset), right: true, width: 14 },
    { id: 'next', name: versions ? 'Next version' : 'Next offset', value: (p) => p.next_offset, cell: (p) => count(p.next_offset), right: true, width: 14 },
    { id: 'high', name: versions ? 'Newest version' : 'High watermark', value: (p) => p.high_watermark, cell: (p) => count(p.high_watermark), right: true, width: 16 },
    { id: 'lag', name: 'Lag', value: (p) => p.high_watermark - p.next_offset, cell: (p) => count(Math.max(0, p.high_watermark - p.next_offset)), right: true, width: 10 },
    ...(timed ? eventTimeColumns : []),
  ];
  return <DataGrid label="Positions" columns={columns} rows={flow.positions} rowKey={(p) => placeOf(flow, p)} sortParam="positions" />;
}

function RunsOf({ flow }: { flow: FlowData }) {
  const query = useQuery({ queryKey: ['runs', flow.name], queryFn: ({ signal }) => get('/api/v1/runs', { query: { flow: flow.name, limit: 300 } }, signal), refetchInterval: 2000, placeholderData: (b) => b });
  const runs = useMemo<Run[]>(() => (query.data?.runs ?? []).filter((r) => r.flow === flow.name), [query.data, flow.name]);
  const oldestFirst = useMemo(() => [...runs].reverse(), [runs]);
  const times = useMemo(() => oldestFirst.map((r) => Date.parse(r.started)), [oldestFirst]);
  return (
    <>
      <Before query={query} rows={8} />
      {query.data && runs.length === 0 && <Empty title="No batches yet">Batches appear as soon as the source has something.</Empty>}
      {runs.length > 1 && (
        <div className="charts">
          <Lines label="Rows of each batch" times={times} series={[{ name: 'in', values: oldestFirst.map((r) => r.rows_in) }, { name: 'out', values: oldestFirst.map((r) => r.rows_out) }]} height={150} />
          <Lines label="Time of each batch" times={times} series={[{ name: 'elapsed', values: oldestFirst.map((r) => r.elapsed_ms) }, { name: 'CPU', values: oldestFirst.map((r) => r.cpu_ms) }]} unit={milliseconds} height={150} />
        </div>
      )}
      {runs.length > 0 && <RunGrid runs={runs} showFlow={false} height={360} />}
    </>
  );
}

// The newest records that a flow put aside, with the reason each carries.
function Aside({ topic, what }: { topic: string; what: string }) {
  const query = useQuery({ queryKey: ['aside', topic], queryFn: ({ signal }) => get('/api/v1/topics/{name}/records', { path: { name: topic }, query: { partition: 0, offset: -20, limit: 20 } }, signal), refetchInterval: 3000, retry: false });
  const newest = [...(query.data?.records ?? [])].reverse();
  const reason = (r: LogRecord) => r.headers.map((h) => `${h.key.replace(/^tarn[._-]?/i, '')}: ${h.value?.text ?? ''}`).join(' · ');
  return (
    <div className="aside">
      <h3>{what}, newest first <Link className="mono" to={address('/topic', { name: topic })}>{topic}</Link></h3>
      <Before query={query} />
      {query.data && newest.length === 0 && <Empty title={`Nothing in ${topic}`}>That is how it should be.</Empty>}
      {newest.slice(0, 8).map((r) => (
        <details key={r.offset}>
          <summary><span className="mono">{count(r.offset)}</span> {moment(r.timestamp, true)} <span className="aside-reason">{reason(r) || r.value?.text.slice(0, 160)}</span></summary>
          <PayloadBox payload={r.value} name="Record" />
          {r.headers.map((h, i) => <PayloadBox key={i} payload={h.value} name={h.key} />)}
        </details>
      ))}
    </div>
  );
}

function AllAside({ flow }: { flow: FlowData }) {
  const topics = flow.sinks.filter((s) => s.kind === 'topic').map((s) => s.name);
  return (
    <>
      {topics.map((t) => <Aside key={t} topic={t} what={flow.kind === 'live' ? 'Late' : 'Dead letters'} />)}
      {topics.length === 0 && <Empty title="Nothing put aside">This flow has no topic of late records or dead letters.</Empty>}
    </>
  );
}

// The partition that the watermark follows, in words.
export function heldBy(flow: FlowData): string {
  const holder = flow.positions.find((p) => p.holds_watermark);
  const idle = flow.positions.filter((p) => p.idle).length;
  const others = idle ? ` ${count(idle)} of ${count(flow.positions.length)} partitions are idle: it does not wait for them.` : '';
  if (!holder) return others.trim();
  const place = placeOf(flow, holder);
  const still = holder.still_ms === null ? '' : `, without an event for ${milliseconds(holder.still_ms)} while others had some`;
  return (holder.event_time ? `It follows ${place}, whose event time is the least, ${moment(holder.event_time, true)}${still}.` : `It waits for ${place}, which had no event yet.`) + others;
}

// What of its state is there for want of memory, the first that there is.
function onDisk({ memory }: FlowData): string {
  if (memory.windows_on_disk) return `${count(memory.windows_on_disk)} windows`;
  if (memory.sessions_on_disk) return `${compact(memory.sessions_on_disk)} sessions`;
  return memory.ids_on_disk ? `${compact(memory.ids_on_disk)} ids` : 'waits for memory';
}

function Numbers({ flow }: { flow: FlowData }) {
  const aside = flow.sinks.find((s) => s.kind === 'topic')?.name;
  const [late, letters] = flow.kind === 'live' ? [aside, undefined] : [undefined, aside];
  const show = `tarn flow describe ${flow.name}`;
  const kafka = useKafka();
  return (
    <Facts from="As the flow says of its present generation." commands={[show, `curl http://${location.host}/api/v1/flows/${flow.name}`]}>
      <Fact name="State" value={<span className={`state ${flow.state}`}>{flow.state}</span>} />
      <Fact name="Lag" value={`${compact(flow.lag)} ${flow.lag_unit}`}><Why label="lag" text={`What the source has and no batch has committed: ${flow.positions.map((p) => `${p.partition}: ${p.next_offset} of ${p.high_watermark}`).join(', ')}.`} commands={[show, `tarn flow why ${flow.name}`]} /></Fact>
      <Fact name="Batch" value={count(flow.batch_id)}><Why label="batch" text={`The last one that every sink has committed, of generation ${flow.generation || '–'}; a new one at most every ${milliseconds(flow.every_ms)}.`} commands={[show]} /></Fact>
      <Fact name="Committed" value={flow.last_commit ? age(live.now() - Date.parse(flow.last_commit)) : 'never'} />
      <Fact name="Watermark" value={flow.watermark ? `${age(live.now() - Date.parse(flow.watermark))}` : 'none'}><Why label="watermark" text={flow.watermark ? `Event time up to which everything is taken to have come: ${moment(flow.watermark, true)}. Windows that end before it are closed. ${heldBy(flow)}` : heldBy(flow) || 'This flow has no event time.'} commands={[show]} /></Fact>
      <Fact name="Rows in" value={count(flow.rows_in)} />
      <Fact name="Rows out" value={count(flow.rows_out)} />
      <Fact name="Late" value={count(flow.late)} tone={flow.late ? 'amber' : undefined}>{late && <Why label="late" text="Rows whose window had closed; kept in this topic." commands={[`kcat -C -b ${kafka} -t ${late} -o -5 -e`]} />}</Fact>
      {flow.source_kind === 'topic' && <Fact name="Dead letters" value={count(flow.dead_letters)} tone={flow.dead_letters ? 'amber' : undefined}>{letters && <Why label="dead letters" text="Records that could not be decoded; kept with their bytes and reason." commands={[`kcat -C -b ${kafka} -t ${letters} -o -5 -e`]} />}</Fact>}
      {flow.kind === 'model' && <Fact name="Quarantined" value={count(flow.quarantined)} tone={flow.quarantined ? 'amber' : undefined}><Why label="quarantined" text="Rows that broke a rule of the model; kept in its quarantine table with the reason." commands={[show]} /></Fact>}
      {(flow.duplicates > 0 || flow.strategy === 'append') && <Fact name="Duplicates" value={count(flow.duplicates)}><Why label="duplicates" text="Events that had been seen before within the deduplication window, and were dropped once counted." commands={[show]} /></Fact>}
      {flow.outside_window > 0 && <Fact name="Outside window" value={count(flow.outside_window)} tone="amber"><Why label="outside the window" text="Rows older than the deduplication window: quarantined, since nobody can tell whether they are duplicates." commands={[show]} /></Fact>}
      {flow.memory.text && <Fact name="On the disk" value={onDisk(flow)} tone="amber"><Why label="on the disk" text={`For want of memory: ${flow.memory.text}.`} commands={[show, 'tarn doctor']} /></Fact>}
      <Fact name="p50 · p99" value={`${milliseconds(flow.latency_p50_ms)} · ${milliseconds(flow.latency_p99_ms)}`}><Why label="latency" text="From the record’s timestamp to visible in the sink; over about the last minute." commands={[show]} /></Fact>
    </Facts>
  );
}

const overOf = ({ name, lag_unit }: FlowData): OverChart[] => [
  { label: 'Rows', series: { [`in:${name}`]: 'in', [`out:${name}`]: 'out' }, unit: rate },
  { label: `Lag in ${lag_unit}`, series: { [`lag:${name}`]: lag_unit }, unit: compact },
  { label: 'From send to sink', series: { [`p99:${name}`]: 'p99', [`p50:${name}`]: 'p50' }, unit: milliseconds },
];

export function Flow({ name }: { name: string }) {
  useTick(1000);
  const listed = useFlows().data?.flows.find((f) => f.name === name);
  const query = useQuery({ queryKey: ['flow', name], queryFn: async ({ signal }) => (await get('/api/v1/flows/{name}', { path: { name } }, signal)) as FlowData, retry: false });
  const flow = listed ?? query.data;
  const [tab, setTab] = useParam('tab', 'runs');
  return (
    <div className="stack">
      <NodeHead kind="flow" name={name} why={`Reads ${flow?.source ?? 'its source'} from positions; each batch is one atomic commit in every sink, with the positions in it.${flow?.strategy ? ` It writes by ${flow.strategy}.` : ''}${flow?.file ? ` Written in ${flow.file}.` : ''}`} commands={[`tarn flow describe ${name}`, `tarn flow why ${name}`, `tarn flow ${flow && startable(flow) ? 'resume' : 'pause'} ${name}`]}>
        {flow && flow.state !== 'failed' && <PauseResume flow={flow} />}
      </NodeHead>
      {!flow && <Before query={query} />}
      {flow && (
        <>
          <WhySentence flow={flow} />
          <Numbers flow={flow} />
          <Neighbours id={`flow:${name}`} />
          <section className="panel">
            <Tabs tabs={[['runs', 'Batches'], ['history', 'Over time'], ['positions', 'Positions'], ['errors', 'Put aside'], ['sql', 'SQL']]} at={tab} set={setTab} />
            {tab === 'runs' && <RunsOf flow={flow} />}
            {tab === 'history' && <Over charts={overOf(flow)} why="Of this flow." />}
            {tab === 'positions' && <Positions flow={flow} />}
            {tab === 'errors' && <AllAside flow={flow} />}
            {tab === 'sql' && (flow.sql.trim() ? <pre className="sql-text" tabIndex={0}>{flow.sql.trim()}</pre> : <Empty title="No SQL">This flow copies its source as it is.</Empty>)}
          </section>
        </>
      )}
    </div>
  );
}
