import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../api/client';
import { useFlows } from '../api/queries';
import { RunGrid } from '../components/RunGrid';
import { Before, Empty } from '../components/States';
import { Why } from '../components/Why';
import { count } from '../format';
import { useParam } from '../router';

// Batches of all flows, newest first.
export function Runs() {
  const [flow, setFlow] = useParam('flow', '');
  const flows = useFlows().data?.flows ?? [];
  const query = useQuery({ queryKey: ['runs', flow], queryFn: ({ signal }) => get('/api/v1/runs', { query: { limit: 500, ...(flow ? { flow } : {}) } }, signal), refetchInterval: 2000, placeholderData: (b) => b });
  const runs = useMemo(() => (query.data?.runs ?? []).filter((r) => !flow || r.flow === flow), [query.data, flow]);
  return (
    <section className="panel" aria-labelledby="runs-title">
      <div className="panel-head">
        <h1 id="runs-title">Runs</h1>
        <Why label="runs" text="Each batch that a flow ran: how much it took, what it cost, whether it was committed. The newest are kept in memory; what they wrote carries their number." commands={['tarn run list', `curl 'http://${location.host}/api/v1/runs?limit=500${flow ? `&flow=${flow}` : ''}'`]} />
        <span className="note lead">{count(runs.length)}</span>
        <label className="check">Flow{' '}
          <select value={flow} onChange={(e) => setFlow(e.target.value)}>
            <option value="">all</option>
            {flows.map((f) => <option key={f.name}>{f.name}</option>)}
          </select>
        </label>
      </div>
      <Before query={query} rows={10} />
      {query.data && runs.length === 0 && <Empty title="No runs yet" command="tarn flow list">A run is one batch of a flow. Flows run as soon as their source has something.</Empty>}
      {runs.length > 0 && <RunGrid runs={runs} showFlow height={Math.max(320, window.innerHeight - 260)} />}
    </section>
  );
}
