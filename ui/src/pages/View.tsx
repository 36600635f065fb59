import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../api/client';
import { useViews } from '../api/queries';
import type { View as ViewData } from '../api/types';
import { AutoChart } from '../chart/AutoChart';
import { plan, sets } from '../chart/infer';
import { Fact, Facts, Neighbours, NodeHead, Tabs } from '../components/NodeHead';
import { cells, RowGrid } from '../components/ResultGrid';
import { Before, Empty } from '../components/States';
import { WindowPanel } from '../components/Views';
import { Why } from '../components/Why';
import { age, count, csv, save } from '../format';
import { useTick } from '../live/clock';
import { live, useLive, useWant } from '../live/stream';
import { shapeOf } from '../live/windows';
import { address, Link, useParam } from '../router';

const isTime = (type: string) => /^(TIMESTAMP|DATE)/i.test(type);
const ranges: [string, string][] = [['5', '5 min'], ['15', '15 min'], ['60', '1 h'], ['0', 'all']];
const most = 20_000;

// A few of the newest rows tell which grouping sets there are; only the chosen one is then read in full.
function useSet(view: ViewData) {
  const [by] = useParam('by', '');
  const has = view.columns.some((c) => c.name === 'grouping_set');
  const some = useQuery({
    queryKey: ['view-sets', view.name],
    queryFn: ({ signal }) => get('/api/v1/views/{name}/rows', { path: { name: view.name }, query: { limit: 2000 } }, signal),
    enabled: has,
    staleTime: 30_000,
    retry: false,
  });
  const choices = useMemo(() => {
    const p = plan(view.columns, view.key);
    return p && some.data ? sets(view.columns, some.data.rows, p) : [];
  }, [some.data, view]);
  const chosen = choices.find((c) => c.value === by)?.value ?? choices[0]?.value;
  return { choices, where: has && chosen !== undefined ? `grouping_set=${chosen}` : undefined, ready: !has || !some.isPending };
}

// Rows of the range, read again as the view changes, every two seconds at most.
function useRows(view: ViewData, minutes: number, where: string | undefined, ready: boolean) {
  const timed = isTime(view.columns.find((c) => c.name === view.key[0])?.type ?? '');
  return useQuery({
    queryKey: ['view-rows', view.name, timed ? minutes : 0, where],
    queryFn: ({ signal }) => {
      const from = timed && minutes > 0 ? new Date(live.now() - minutes * 60_000).toISOString() : undefined;
      return get('/api/v1/views/{name}/rows', { path: { name: view.name }, query: { limit: most, ...(from ? { from } : {}), ...(where ? { where } : {}) } }, signal);
    },
    enabled: ready,
    refetchInterval: 2000,
    placeholderData: (before) => before,
    retry: false,
  });
}

function Windowed({ view }: { view: ViewData }) {
  const { windows } = useLive();
  return <WindowPanel view={view} windows={windows.get(view.name)} />;
}

function Rows({ view }: { view: ViewData }) {
  const [range, setRange] = useParam('minutes', '15');
  const [tab, setTab] = useParam('tab', 'charts');
  const { choices, where, ready } = useSet(view);
  const query = useRows(view, Number(range), tab === 'charts' ? where : undefined, ready);
  const columns = query.data?.columns ?? view.columns;
  const rows = useMemo(() => (query.data ? cells(query.data.columns, query.data.rows) : undefined), [query.data]);
  const key = useMemo(() => view.key, [view.key.join()]); // eslint-disable-line
  const openFrom = useLive().windows.get(view.name)?.firstOpen() ?? null;
  return (
    <section className="panel">
      <div className="panel-head">
        <Tabs tabs={[['charts', 'Charts'], ['rows', 'Rows']]} at={tab} set={setTab} />
        <span className="note">{query.data ? `batch ${count(query.data.batch_id)}, ${count(rows?.length)} rows${query.data.truncated ? ', cut at the limit: there are more' : ''}` : ''}</span>
        <span className="ranges" role="group" aria-label="Time range">
          {ranges.map(([id, name]) => <button key={id} type="button" aria-pressed={range === id} onClick={() => setRange(id)}>{name}</button>)}
        </span>
        <button type="button" disabled={!rows} onClick={() => save(`${view.name}.csv`, new Blob([csv(columns.map((c) => c.name), rows ?? [])], { type: 'text/csv' }))}>CSV</button>
      </div>
      <Before query={query} rows={8} />
      {rows?.length === 0 && <Empty title="No rows in this time">The view fills as soon as its stream has events; a longer time may have some.</Empty>}
      {rows && rows.length > 0 && tab === 'charts' && <AutoChart columns={columns} rows={rows} keyColumns={key} openFrom={openFrom} {...(choices.length > 0 ? { choices } : {})} />}
      {rows && rows.length > 0 && tab === 'rows' && <RowGrid label={`Rows of ${view.name}`} columns={columns} rows={rows} />}
    </section>
  );
}

export function View({ name }: { name: string }) {
  useTick(1000);
  const query = useViews();
  const { changes } = useLive();
  useWant(`view:${name}`);
  const view = query.data?.views.find((v) => v.name === name);
  const change = changes.get(name);
  const committed = change?.committed ?? view?.committed ?? null;
  return (
    <div className="stack">
      <NodeHead kind="view" name={name} why="A materialized view: a result that is kept up to date as events come; all rows that are read together are of one batch." commands={[`tarn sql "select * from ${name} limit 20"`, `curl 'http://${location.host}/api/v1/views/${name}/rows?limit=100'`]}>
        <Link className="button" to={address('/sql', { sql: `select *\nfrom ${name}\nlimit 100`, run: '1' })}>Query it</Link>
      </NodeHead>
      <Before query={query} />
      {query.data && !view && <Empty title={`There is no view ${name}`}>It may have been renamed; the list of views has what is there.</Empty>}
      {view && (
        <>
          <Facts from="As the view’s store says, with the newest batch." commands={[`curl http://${location.host}/api/v1/views/${name}`]}>
            <Fact name="Fresh" value={committed ? age(live.now() - Date.parse(committed)) : 'nothing yet'}><Why label="freshness" text={`Batch ${change?.batch_id ?? view.batch_id ?? '–'} was committed then.`} commands={[`tarn flow describe ${name}`]} /></Fact>
            <Fact name="Batch" value={count(change?.batch_id ?? view.batch_id)} />
            <Fact name="Rows, about" value={count(view.rows)} />
            <Fact name="Key" value={view.key.join(', ')} />
            <Fact name="Watermark" value={change?.watermark ? age(live.now() - Date.parse(change.watermark)) : 'not known'} />
          </Facts>
          <Neighbours id={`view:${name}`} />
          {shapeOf(view.columns, view.key) && <Windowed view={view} />}
          <Rows view={view} />
        </>
      )}
    </div>
  );
}
