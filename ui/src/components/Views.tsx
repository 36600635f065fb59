import { useMemo } from 'react';
import { useViews } from '../api/queries';
import type { View } from '../api/types';
import { age, clockTime, count, milliseconds } from '../format';
import { useLive } from '../live/stream';
import { address, Link, useParam } from '../router';
import { shapeOf, topBars, type Windows } from '../live/windows';
import { Bars } from './Bars';
import { ErrorBox, Empty, Skeleton } from './States';
import { TimeChart, type Point } from './TimeChart';
import { Why } from './Why';

const topRows = 8;

function points(windows: Windows, minutes: number, value: 'views' | 'users'): Point[] {
  const all = windows.sorted().filter((w) => w.total);
  const from = (all.at(-1)?.start ?? 0) - minutes * 60_000;
  return all
    .filter((w) => w.start >= from)
    .map((w) => ({ time: w.start, value: w.total?.[value] ?? 0, open: windows.isOpen(w) }));
}

export function WindowPanel({ view, windows }: { view: View; windows: Windows | undefined }) {
  const live = useLive();
  const [range, setRange] = useParam('range', '5');
  const batch = windows?.batch_id ?? -1;
  const watermark = windows?.watermark ?? null;
  const windowCount = windows?.byStart.size ?? 0;
  const minutes = Number(range) || 5;
  const shown = useMemo(
    () => (windows ? { views: points(windows, minutes, 'views'), users: points(windows, minutes, 'users') } : null),
    // The store is one object that changes inside; these say when.
    [windows, batch, watermark, windowCount, minutes],
  );
  const size = windows?.size() || 5000;
  const closed = windows?.newestClosed() ?? null;
  const open = windows?.newestOpen() ?? null;
  const where = `/api/v1/views/${view.name}/rows?limit=300`;
  return (
    <section className="panel" aria-labelledby={`${view.name}-title`} data-view={view.name}>
      <div className="panel-head">
        <h2 id={`${view.name}-title`}><Link to={address('/view', { name: view.name })}>{view.name}</Link></h2>
        <Why label={view.name} text={`Windows of ${milliseconds(size)} by event time. Batch ${count(batch)}; a window is final once the watermark has passed its end.`} commands={[`tarn sql "select * from ${view.name} order by window_start desc limit 20"`, `tarn flow describe ${view.name}`, `curl 'http://${location.host}${where}'`]} />
        <span className="legend">
          <i className="solid" /> final
          <i className="hollow" /> open
        </span>
        <span className="note">
          {windows?.committed ? `batch ${count(batch)}, ${age(live.now() - windows.committed)}` : ''}
        </span>
        <span className="ranges" role="group" aria-label="Time range">
          {['5', '15'].map((r) => (
            <button key={r} type="button" aria-pressed={range === r} onClick={() => setRange(r)}>{r} min</button>
          ))}
        </span>
      </div>
      {!windows && <Skeleton rows={4} />}
      {windows && windowCount === 0 && (
        <Empty title="No clicks yet" command="tarn demo">
          Windows appear here as soon as the first click arrives on the topic, from the demo or from any Kafka client.
        </Empty>
      )}
      {shown && windowCount > 0 && (
        <>
          <div className="charts">
            <TimeChart points={shown.views} size={size} label="Page views" unit="page views" />
            <TimeChart points={shown.users} size={size} label="Distinct users" unit="users" />
          </div>
          <p className="note windows-note">
            {closed ? `Final: window of ${clockTime(closed.start)}` : 'No window is final yet'}
            {open && `; open: window of ${clockTime(open.start)}, counting`}
          </p>
          <div className="tops">
            {(['page', 'category', 'country'] as const).map((dimension) => (
              <Bars
                key={dimension}
                title={{ page: 'Pages', category: 'Categories', country: 'Countries' }[dimension]}
                {...topBars(closed, open, dimension, topRows)}
              />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

export function WindowPanels() {
  const { windows } = useLive();
  const views = useViews();
  const windowed = (views.data?.views ?? []).filter((v) => shapeOf(v.columns));
  if (views.isPending) return <section className="panel"><Skeleton rows={5} /></section>;
  if (views.error && !views.data)
    return <section className="panel"><ErrorBox error={views.error} retry={() => void views.refetch()} /></section>;
  if (views.data?.views.length === 0)
    return (
      <section className="panel" aria-labelledby="views-title">
        <div className="panel-head"><h2 id="views-title">Live views</h2></div>
        <Empty title="No materialized views yet" command="tarn demo">
          A materialized view is a model with materialized=&apos;materialized_view&apos; over stream(&apos;topic&apos;). The demo has one: clicks in 5-second windows.
        </Empty>
      </section>
    );
  return windowed.map((view) => <WindowPanel key={view.name} view={view} windows={windows.get(view.name)} />);
}
