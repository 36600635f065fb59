import type { ReactNode } from 'react';
import { useFlows, useStatus } from '../api/queries';
import type { Flow } from '../api/types';
import { bytes, compact, milliseconds } from '../format';
import { useLive } from '../live/stream';
import { Spark } from './Spark';
import { Why } from './Why';

function Figure({ name, value, unit, why, children }: { name: string; value: string; unit?: string; why: ReactNode; children?: ReactNode }) {
  return (
    <div className="figure">
      <div className="figure-name">
        {name} {why}
      </div>
      <div className="figure-value">
        {value}
        {unit && <small> {unit}</small>}
      </div>
      <div className="figure-more">{children}</div>
    </div>
  );
}

function Latency({ name, flow }: { name: string; flow: Flow }) {
  return (
    <Figure
      name={name}
      value={milliseconds(flow.latency_p50_ms)}
      unit="p50"
      why={
        <Why
          label={`latency of ${flow.name}`}
          text={`Flow ${flow.name}: from the record’s timestamp, which is the producer’s intended send, to visible in the sink; over about the last minute.`}
          commands={[`tarn flow describe ${flow.name}`]}
        />
      }
    >
      <span className="num">{milliseconds(flow.latency_p99_ms)}</span> p99
    </Figure>
  );
}

// The busiest flow of a kind speaks for it.
function busiest(flows: Flow[], kind: Flow['kind']): Flow | undefined {
  return flows.filter((f) => f.kind === kind && f.latency_p50_ms !== null).sort((a, b) => b.rows_in - a.rows_in)[0];
}

// How much, how fast, at what cost.
export function Rates() {
  const { rates } = useLive();
  const s = useStatus().data;
  const all = useFlows().data?.flows ?? [];
  const view = busiest(all, 'live');
  const table = busiest(all, 'table');
  const api = `curl http://${location.host}/api/v1/status`;
  const disk = s ? s.disk.log_bytes + s.disk.table_bytes + (s.disk.view_bytes ?? 0) : null;
  return (
    <section className="figures" aria-label="Rates, latency and cost">
      <Figure name="Events in" value={compact(s?.records_in_per_second)} unit="/s" why={<Why label="events in" text="Records appended per second to topics that come from outside, over the last seconds." commands={['tarn topic list', api]} />}>
        <Spark values={rates.map((r) => r.recordsIn)} label="Events in over the last minutes" />
      </Figure>
      <Figure name="Rows to tables" value={compact(s?.rows_to_tables_per_second)} unit="/s" why={<Why label="rows to tables" text="Rows that all tables together grow by per second, over the last ten seconds." commands={['tarn table list', api]} />}>
        <Spark values={rates.map((r) => r.rowsOut)} label="Rows to tables over the last minutes" />
      </Figure>
      {view && <Latency name="Send → view" flow={view} />}
      {table && <Latency name={`Send → ${table.sinks.find((x) => x.kind === 'table')?.name ?? 'table'}`} flow={table} />}
      <Figure name="Memory" value={bytes(s?.rss_bytes)} why={<Why label="memory" text="Resident memory of the process." commands={[api]} />}>
        <span className="num">{s?.cpu_cores === null || s?.cpu_cores === undefined ? '–' : s.cpu_cores.toFixed(2)}</span> cores busy
      </Figure>
      <Figure name="On disk" value={bytes(disk)} why={<Why label="disk" text="The log’s segments and the live files of the tables; what views take is not known here." commands={[api]} />}>
        <span className="num">{bytes(s?.disk.log_bytes)}</span> log, <span className="num">{bytes(s?.disk.table_bytes)}</span> tables
      </Figure>
    </section>
  );
}
