import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../api/client';
import type { History } from '../api/types';
import { Lines } from '../chart/Lines';
import { seriesLimit } from '../chart/infer';
import { useParam } from '../router';
import { Empty, ErrorBox, Skeleton } from './States';
import { Why } from './Why';

const ranges = [['5m', '5 min', 1000], ['1h', '1 h', 10_000], ['1d', '1 d', 60_000]] as const;

// A chart: lines by the series they are of, such as { 'lag:gold.visits': 'lag' }.
export interface OverChart {
  label: string;
  series: Record<string, string>;
  unit: (n: number) => string;
}

// The greatest first, as far as lines can be told apart; what is nowhere known is left out.
export function drawn(history: History | undefined, chart: OverChart): { times: number[]; series: { name: string; values: (number | null)[] }[]; left: number } {
  const known = new Map((history?.series ?? []).map((s) => [s.name, s.values]));
  const lines = Object.entries(chart.series).flatMap(([of, name]) => {
    const values = known.get(of);
    return values?.some((v) => v !== null) ? [{ name, values, most: Math.max(...values.map((v) => v ?? 0)) }] : [];
  });
  if (lines.length > seriesLimit) lines.sort((a, b) => b.most - a.most || (a.name < b.name ? -1 : 1));
  const points = lines[0]?.values.length ?? 0;
  const first = history ? Date.parse(history.first) : 0;
  return {
    times: Array.from({ length: points }, (_, i) => first + i * (history?.step_ms ?? 0)),
    series: lines.slice(0, seriesLimit).map(({ name, values }) => ({ name, values })),
    left: Math.max(0, lines.length - seriesLimit),
  };
}

// Charts of what was, with a choice of how far back. `why` says what they count.
export function Over({ charts, why }: { charts: OverChart[]; why: string }) {
  const [range, setRange] = useParam('range', '5m', { replace: true });
  const every = ranges.find(([id]) => id === range)?.[2] ?? 1000;
  const names = charts.flatMap((c) => Object.keys(c.series)).join();
  const query = useQuery({
    queryKey: ['history', range, names],
    queryFn: ({ signal }) => get('/api/v1/history', { query: { range: range as '5m' | '1h' | '1d', series: names } }, signal),
    refetchInterval: every,
    placeholderData: (before) => before,
    enabled: names !== '',
    retry: false,
  });
  const pictures = useMemo(() => charts.map((chart) => ({ chart, ...drawn(query.data, chart) })).filter((p) => p.series.length > 0), [query.data, names]); // eslint-disable-line
  return (
    <>
      <div className="over-head">
        <span className="ranges" role="group" aria-label="How far back">
          {ranges.map(([id, name]) => <button key={id} type="button" aria-pressed={range === id} onClick={() => setRange(id)}>{name}</button>)}
        </span>
        <Why label="history" text={`${why} Lags and latencies are the greatest of each point’s time, rates the mean; a gap is a time without a server. The hour and the day outlive a restart.`} commands={[`curl 'http://${location.host}/api/v1/history?range=${range}&series=${names}'`]} />
      </div>
      {query.isPending && names !== '' && <Skeleton rows={4} />}
      {query.error && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
      {query.data && pictures.length === 0 && <Empty title="Nothing is known of this time yet">Points come each second; those of an hour each ten seconds, of a day each five minutes.</Empty>}
      <div className="charts over" data-over={range}>
        {pictures.map(({ chart, times, series, left }) => <Lines key={chart.label} label={chart.label} times={times} series={series} left={left} unit={chart.unit} height={160} />)}
      </div>
    </>
  );
}
