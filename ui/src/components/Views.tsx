import { useMemo, useState } from 'react';
import { useFlows, useKafka, useViews } from '../api/queries';
import type { View } from '../api/types';
import { age, count, milliseconds, period, windowTime } from '../format';
import { useLive, useWant } from '../live/stream';
import { points, shapeOf, topBars, type GroupingSet, type Windows } from '../live/windows';
import { address, Link, useParam } from '../router';
import { Bars } from './Bars';
import { Empty, ErrorBox, Skeleton } from './States';
import { TimeChart } from './TimeChart';
import { Why } from './Why';

const topRows = 8;
const mostMeasures = 4;
const mostSets = 6;
const words = (name: string) => name.replaceAll('_', ' ');

// The group whose windows are drawn: the whole where the view has it, else one of the largest, which can be chosen.
function useGroup(windows: Windows, sets: GroupingSet[]) {
  const [chosen, choose] = useState('');
  const set = sets[0];
  if (!set) return null;
  const choices = set.dims.length > 0 ? topBars(windows, set, 0, topRows).bars : [];
  const whole = JSON.stringify(windows.shape.dims.map(() => null));
  const key = set.dims.length === 0 ? whole : (choices.find((c) => c.key === chosen) ?? choices[0])?.key;
  return key === undefined ? null : { set: set.id, key, choices, choose };
}

function Drawn({ windows, shown }: { windows: Windows; shown: number }) {
  const sets = windows.sets();
  const group = useGroup(windows, sets);
  const [bars, setBars] = useState(0);
  const { measures } = windows.shape;
  const { batch_id, watermark, byStart } = windows;
  // The store is one object that changes inside; these say when.
  const lines = useMemo(
    () => (group ? measures.slice(0, mostMeasures).map((_, i) => points(windows, shown, group.set, group.key, i)) : []),
    [windows, batch_id, watermark, byStart.size, shown, group?.set, group?.key, measures], // eslint-disable-line
  );
  const size = windows.size();
  const closed = windows.newestClosed();
  const open = windows.newestOpen();
  return (
    <>
      {group && group.choices.length > 1 && (
        <p className="note windows-note">
          <label>Windows of{' '}
            <select value={group.key} onChange={(e) => group.choose(e.target.value)}>
              {group.choices.map((c) => <option key={c.key} value={c.key}>{c.name}</option>)}
            </select>
          </label>
        </p>
      )}
      <div className="charts">
        {lines.map((line, i) => <TimeChart key={measures[i]} points={line} size={size || 1000} label={words(measures[i] ?? '')} unit={words(measures[i] ?? '')} />)}
      </div>
      <p className="note windows-note">
        {closed ? `Final: window of ${windowTime(closed.start, size)}` : 'No window is final yet'}
        {open && `; open: window of ${windowTime(open.start, size)}, counting`}
      </p>
      {measures.length > 1 && sets.some((s) => s.dims.length > 0) && (
        <div className="ranges" role="group" aria-label="Measure of the bars">
          {measures.map((m, i) => <button key={m} type="button" aria-pressed={i === bars} onClick={() => setBars(i)}>{words(m)}</button>)}
        </div>
      )}
      <div className="tops">
        {sets.filter((s) => s.dims.length > 0).slice(0, mostSets).map((s) => (
          <Bars key={s.id} title={`${words(measures[bars] ?? '')} by ${s.dims.map(words).join(', ')}`} {...topBars(windows, s, bars, topRows)} />
        ))}
      </div>
    </>
  );
}

export function WindowPanel({ view, windows }: { view: View; windows: Windows | undefined }) {
  const live = useLive();
  useWant(`view:${view.name}`);
  const kafka = useKafka();
  const flow = useFlows().data?.flows.find((f) => f.sinks.some((s) => s.kind === 'view' && s.name === view.name));
  const [range, setRange] = useParam('windows', '60');
  const batch = windows?.batch_id ?? -1;
  const windowCount = windows?.byStart.size ?? 0;
  const size = windows?.size() ?? 0;
  const column = windows?.shape.time ?? view.key[0] ?? '';
  return (
    <section className="panel" aria-labelledby={`${view.name}-title`} data-view={view.name}>
      <div className="panel-head">
        <h2 id={`${view.name}-title`}><Link to={address('/view', { name: view.name })}>{view.name}</Link></h2>
        <Why label={view.name} text={`${size ? `Windows of ${milliseconds(size)}` : 'Windows'} by event time. Batch ${count(batch)}; a window is final once the watermark has passed its end.`} commands={[`tarn sql "select * from ${view.name} order by ${column} desc limit 20"`, ...(flow ? [`tarn flow describe ${flow.name}`] : []), `curl 'http://${location.host}/api/v1/views/${view.name}/rows?limit=300'`]} />
        <span className="legend">
          <i className="solid" /> final
          <i className="hollow" /> open
        </span>
        <span className="note">
          {windows?.committed ? `batch ${count(batch)}, ${age(live.now() - windows.committed)}` : ''}
        </span>
        {size > 0 && (
          <span className="ranges" role="group" aria-label="Time range">
            {['60', '180'].map((n) => <button key={n} type="button" aria-pressed={range === n} onClick={() => setRange(n)}>{period(Number(n) * size)}</button>)}
          </span>
        )}
      </div>
      {!windows && <Skeleton rows={4} />}
      {windows && windowCount === 0 && (
        <Empty title="No windows yet" command={`echo '{}' | kcat -P -b ${kafka} -t ${flow?.source ?? 'TOPIC'}`}>
          They appear here as soon as the first event arrives on {flow ? `the topic ${flow.source}` : 'its topic'}, from any Kafka client.
        </Empty>
      )}
      {windows && windowCount > 0 && <Drawn windows={windows} shown={Number(range) || 60} />}
    </section>
  );
}

export function WindowPanels() {
  const { windows } = useLive();
  const views = useViews();
  const all = views.data?.views ?? [];
  const windowed = all.filter((v) => shapeOf(v.columns, v.key));
  const others = all.filter((v) => !windowed.includes(v));
  if (views.isPending) return <section className="panel"><Skeleton rows={5} /></section>;
  if (views.error && !views.data)
    return <section className="panel"><ErrorBox error={views.error} retry={() => void views.refetch()} /></section>;
  if (all.length === 0)
    return (
      <section className="panel" aria-labelledby="views-title">
        <div className="panel-head"><h2 id="views-title">Live views</h2></div>
        <Empty title="No materialized views yet" command="tarn up --project FOLDER">
          A materialized view is a model with materialized=&apos;materialized_view&apos; over stream(&apos;topic&apos;).
        </Empty>
      </section>
    );
  return (
    <>
      {windowed.map((view) => <WindowPanel key={view.name} view={view} windows={windows.get(view.name)} />)}
      {others.length > 0 && (
        <section className="panel" aria-labelledby="views-title">
          <div className="panel-head"><h2 id="views-title">Other live views</h2></div>
          <ul>{others.map((v) => <li key={v.name}><Link className="mono" to={address('/view', { name: v.name })}>{v.name}</Link> <span className="note">{count(v.rows)} rows by {v.key.join(', ')}</span></li>)}</ul>
        </section>
      )}
    </>
  );
}
