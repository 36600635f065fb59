import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get, notHere } from '../api/client';
import { useFlows, useGraph, useKafka, useTables, useTopics } from '../api/queries';
import type { Trace, TraceStep } from '../api/types';
import { Fact, Facts } from '../components/NodeHead';
import { PayloadBox } from '../components/PayloadBox';
import { SendForm } from '../components/SendForm';
import { Empty, ErrorBox, Skeleton } from '../components/States';
import { CopyLine, Why } from '../components/Why';
import { count, milliseconds, moment } from '../format';
import { done, idColumns, tracePicture } from '../live/trace';
import { GraphMap, type Mark } from '../map/GraphMap';
import { address, Link, nodeAddress, setParams, usePlace } from '../router';

const pollMs = 300;
const patientPolls = 200; // then it is looked at less often

function markText(step: TraceStep): string {
  const after = step.since_send_ms === null ? '' : `+${milliseconds(step.since_send_ms)}`;
  if (step.state === 'passed') return [after, step.version !== null ? `v ${count(step.version)}` : step.batch_id !== null ? `batch ${count(step.batch_id)}` : ''].filter(Boolean).join(' · ') || 'passed';
  return step.state === 'waiting' ? 'waiting…' : [step.state, after].filter(Boolean).join(' ');
}

const stateMark: Record<TraceStep['state'], string> = { passed: '●', waiting: '○', dead_letter: '■', quarantined: '■', late: '▲', duplicate: '◆', lost: '✕', unknown: '?' };

// What has not happened has no time; of what has, the time may not be known any more.
const unknown = (step: TraceStep) => (step.state === 'waiting' ? '–' : 'not known');

function Steps({ trace }: { trace: Trace }) {
  return (
    <table className="steps" aria-label="Where the event has been">
      <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col" className="num">Since send</th><th scope="col">At</th><th scope="col" className="num">Batch</th><th scope="col" className="num">Version</th><th scope="col">What happened</th></tr></thead>
      <tbody>
        {trace.steps.map((s) => (
          <tr key={s.node} className={s.state} data-step={s.node} data-state={s.state}>
            <th scope="row"><small>{s.kind}</small> <Link className="mono" to={nodeAddress(s.node)}>{s.name}</Link></th>
            <td><i aria-hidden="true">{stateMark[s.state]}</i> {s.state}</td>
            <td className="num">{s.since_send_ms === null ? unknown(s) : milliseconds(s.since_send_ms)}</td>
            <td>{s.at === null ? unknown(s) : moment(s.at, true)}</td>
            <td className="num">{count(s.batch_id)}</td>
            <td className="num">{count(s.version)}</td>
            <td>{s.detail}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Shown({ trace, running }: { trace: Trace; running: boolean }) {
  const kafka = useKafka();
  const graph = useGraph().data;
  const picture = useMemo(() => tracePicture(trace, graph), [trace, graph]);
  const marks = useMemo(() => new Map<string, Mark>(trace.steps.map((s) => [s.node, { tone: s.state, text: markText(s) }])), [trace]);
  const bad = trace.steps.find((s) => s.state === 'dead_letter' || s.state === 'quarantined' || s.state === 'lost');
  const topic = trace.topic ?? '';
  const partition = trace.partition ?? 0;
  const command = `curl 'http://${location.host}/api/v1/trace?topic=${encodeURIComponent(topic)}&partition=${partition}&offset=${trace.offset}'`;
  return (
    <>
      <p className={`verdict ${bad ? (bad.state === 'lost' ? 'error' : 'warn') : running ? '' : 'good'}`} role="status">
        <b>{trace.verdict}</b> {running && <span className="note">looking again every {pollMs} ms</span>}
      </p>
      <Facts from="As the log has it." commands={[command]}>
        <Fact name={trace.id_field ?? 'Event'} value={trace.id ?? 'without an id'} />
        <Fact name="Topic" value={<Link to={address('/topic', { name: topic, partition, offset: trace.offset, at: trace.offset })}>{topic}</Link>} />
        <Fact name="Partition · offset" value={`${partition} · ${count(trace.offset)}`}><Why label="position" text="Where the record stands in the log; it names the event for ever." commands={[command, `kcat -C -b ${kafka} -t ${topic} -p ${partition} -o ${trace.offset} -c 1`]} /></Fact>
        <Fact name="Sent" value={trace.sent === null ? 'not known' : moment(trace.sent, true)} />
      </Facts>
      <section className="panel" aria-label="Where it is"><GraphMap picture={picture} marks={marks} label="The way of the event" /></section>
      <section className="panel">
        <div className="scroll-x"><Steps trace={trace} /></div>
        <PayloadBox payload={trace.value} name="Value" />
        <CopyLine text={command} />
      </section>
    </>
  );
}

function Ask() {
  const { query } = usePlace();
  const value = (name: string) => query.get(name) ?? '';
  const flows = useFlows().data?.flows ?? [];
  const tables = useTables().data?.tables ?? [];
  const fields = idColumns(flows, tables, value('topic'), value('field'));
  const topics = [...new Set(flows.filter((f) => f.kind === 'table').map((f) => f.source))];
  return (
    <form
      className="where"
      key={`${query} ${fields.join()}`}
      onSubmit={(e) => {
        e.preventDefault();
        const data = new FormData(e.currentTarget);
        const text = (name: string) => String(data.get(name) ?? '').trim();
        const id = text('id');
        setParams(id ? { id, field: text('field') || null, topic: text('topic') || null, partition: null, offset: null } : { id: null, field: null, topic: text('topic'), partition: text('partition') || '0', offset: text('offset') });
      }}
    >
      <label>
        <select name="field" aria-label="Field of the id" defaultValue={value('field')}>
          <option value="">any id</option>
          {fields.map((f) => <option key={f} value={f}>{f}</option>)}
        </select>{' '}
        <input name="id" aria-label="Id" defaultValue={value('id')} className="mono" size={24} />
      </label>
      <label>Topic <input name="topic" list="follow-topics" defaultValue={value('topic')} className="mono" size={14} /></label>
      <datalist id="follow-topics">{topics.map((t) => <option key={t} value={t} />)}</datalist>
      <span className="note">or there</span>
      <label>Partition <input name="partition" type="number" min={0} defaultValue={value('partition')} /></label>
      <label>Offset <input name="offset" type="number" min={0} defaultValue={value('offset')} /></label>
      <button type="submit" className="primary">Follow</button>
      <button type="button" onClick={() => setParams({ id: null, field: null, topic: null, partition: null, offset: null })}>Send a new one</button>
    </form>
  );
}

function SendOne() {
  const topics = useTopics().data?.topics ?? [];
  const graph = useGraph().data;
  const { query } = usePlace();
  // Topics that flows write are refused; those that come from outside are offered.
  const written = new Set((graph?.edges ?? []).filter((e) => e.from.startsWith('flow:')).map((e) => e.to));
  const open = topics.filter((t) => !written.has(`topic:${t.name}`));
  const chosen = open.find((t) => t.name === query.get('to')) ?? open[0];
  if (!chosen) return <Empty title="No topic to send to" command="tarn topic create NAME">An event is sent to a topic that comes from outside.</Empty>;
  return (
    <>
      <div className="ranges" role="group" aria-label="Topic">
        {open.map((t) => <button key={t.name} type="button" aria-pressed={t.name === chosen.name} onClick={() => setParams({ to: t.name })}>{t.name}</button>)}
      </div>
      <SendForm key={chosen.name} topic={chosen.name} partitions={chosen.partitions.length} />
    </>
  );
}

// One event through the whole platform: any by its id or its place in the log, or one sent from here.
export function Follow() {
  const { query } = usePlace();
  const id = query.get('id') ?? undefined;
  const field = query.get('field');
  const topic = query.get('topic') ?? undefined;
  const offset = query.get('offset');
  const asked = id !== undefined || (topic !== undefined && offset !== null);
  const trace = useQuery({
    queryKey: ['trace', id, field, topic, query.get('partition'), offset],
    queryFn: ({ signal }) => get('/api/v1/trace', { query: { ...(topic === undefined ? {} : { topic }), ...(id !== undefined ? { id, ...(field === null ? {} : { field }) } : { partition: Number(query.get('partition') ?? 0), offset: Number(offset) }) } }, signal),
    enabled: asked,
    retry: false,
    staleTime: 0,
    refetchInterval: (q) => (q.state.error ? (notHere(q.state.error) ? false : 1000) : q.state.data && done(q.state.data) ? false : q.state.dataUpdateCount < patientPolls ? pollMs : 2000),
  });
  const found = trace.data?.found ? trace.data : null;
  return (
    <div className="stack">
      <section className="panel" aria-labelledby="follow-title">
        <div className="panel-head">
          <h1 id="follow-title">Follow an event</h1>
          <Why label="following" text="The log says when the event was stored; each flow’s position says whether it has passed; the sinks say in which batch or version it became visible." commands={[`curl 'http://${location.host}/api/v1/trace?id=ID'`]} />
        </div>
        <Ask />
      </section>
      {!asked && <section className="panel" aria-label="Send an event"><SendOne /></section>}
      {asked && trace.isPending && <section className="panel"><Skeleton rows={6} /></section>}
      {trace.error && !trace.data && <section className="panel"><ErrorBox error={trace.error} retry={() => void trace.refetch()} /></section>}
      {trace.data && !found && <section className="panel"><Empty title="Not found">{trace.data.verdict || 'No record has this id or stands at this place.'}</Empty></section>}
      {found && <Shown trace={found} running={!done(found)} />}
    </div>
  );
}
