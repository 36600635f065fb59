import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { flowAction, get } from '../api/client';
import type { Flow } from '../api/types';
import { age, compact, count, milliseconds } from '../format';
import { useLive } from '../live/stream';
import { Empty, ErrorBox, Skeleton } from './States';
import { Why } from './Why';

function Node({ kind, name }: { kind: string; name: string }) {
  return (
    <span className={`node ${kind}`}>
      <small>{kind}</small>
      {name}
    </span>
  );
}

function FlowRow({ flow }: { flow: Flow }) {
  const live = useLive();
  const client = useQueryClient();
  const paused = flow.state === 'paused';
  const startable = paused || flow.state === 'failed';
  const act = useMutation({
    mutationFn: () => flowAction(flow.name, startable ? 'resume' : 'pause'),
    onSettled: () => client.invalidateQueries({ queryKey: ['flows'] }),
  });
  const bad = flow.state === 'failed' || flow.state === 'retrying';
  return (
    <li className={bad ? 'flow-row bad' : 'flow-row'} data-flow={flow.name}>
      <div className="flow-path">
        <Node kind="topic" name={flow.source} />
        <span className="arrow" aria-label="to">→</span>
        <Node kind="flow" name={flow.name} />
        <span className="arrow" aria-label="to">→</span>
        <span className="sinks">
          {flow.sinks.map((s) => (
            <Node key={`${s.kind} ${s.name}`} kind={s.kind} name={s.name} />
          ))}
        </span>
      </div>
      <dl className="flow-facts">
        <div><dt>State</dt><dd className={`state ${flow.state}`}>{flow.state}</dd></div>
        <div><dt>Epoch</dt><dd>{count(flow.epoch)}</dd></div>
        <div><dt>Lag</dt><dd>{compact(flow.lag)}</dd></div>
        <div><dt>{flow.watermark ? 'Watermark' : 'Every'}</dt><dd>{flow.watermark ? age(live.now() - Date.parse(flow.watermark)) : milliseconds(flow.every_ms)}</dd></div>
        <div><dt>{flow.kind === 'live' ? 'Late' : 'Quarantined'}</dt><dd className={flow.kind !== 'live' && flow.quarantined ? 'amber' : ''}>{compact(flow.kind === 'live' ? flow.late : flow.quarantined)}</dd></div>
        <div><dt>p50 · p99</dt><dd>{milliseconds(flow.latency_p50_ms)} · {milliseconds(flow.latency_p99_ms)}</dd></div>
        <div className="flow-tools">
          <button type="button" disabled={act.isPending} onClick={() => act.mutate()} title={startable ? 'Goes on from its position' : 'Stops after the epoch under way; resume goes on from there'}>
            {startable ? 'Resume' : 'Pause'}
          </button>
          <Why
            label={flow.name}
            text={
              <>
                Generation {flow.generation.slice(0, 12) || '–'}; {count(flow.rows_in)} rows in, {count(flow.rows_out)} out.
                {flow.sql && <span className="why-sql">{flow.sql.trim()}</span>}
              </>
            }
            commands={[`tarn flow describe ${flow.name}`, `tarn flow ${startable ? 'resume' : 'pause'} ${flow.name}`]}
          />
        </div>
      </dl>
      {flow.reason && <p className="reason">{flow.reason}</p>}
      {act.error && <ErrorBox error={act.error} />}
    </li>
  );
}

// What comes from outside first, then what flows write for other flows; live before tables.
function inOrder(flows: Flow[]): Flow[] {
  const written = new Set(flows.flatMap((f) => f.sinks.filter((s) => s.kind === 'topic').map((s) => s.name)));
  const rank = (f: Flow) => (written.has(f.source) ? 2 : 0) + (f.kind === 'live' ? 0 : 1);
  return [...flows].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

// Sources → flows → sinks, each arrow a position and a commit.
export function FlowStrip() {
  const query = useQuery({ queryKey: ['flows'], queryFn: ({ signal }) => get('/api/v1/flows', undefined, signal) });
  return (
    <section className="panel" aria-labelledby="flows-title">
      <div className="panel-head">
        <h2 id="flows-title">Flows</h2>
        <Why label="flows" text="A flow reads from positions and commits to each of its sinks the rows and the number of the epoch at once." commands={['tarn flow list']} />
      </div>
      {query.isPending && <Skeleton rows={4} />}
      {query.error && !query.data && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
      {query.data?.flows.length === 0 && (
        <Empty title="No flows yet" command="tarn up --project scenarios/q01-clickstream">
          A flow takes a topic to a table or a live view. Give a topic a table in tarn.yml, or add a model.
        </Empty>
      )}
      <ul className="flows">{inOrder(query.data?.flows ?? []).map((flow) => <FlowRow key={flow.name} flow={flow} />)}</ul>
    </section>
  );
}
