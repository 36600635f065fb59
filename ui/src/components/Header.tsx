import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { age, span } from '../format';
import { useTick } from '../live/clock';
import { useLive } from '../live/stream';
import { Why } from './Why';

export function Header() {
  const live = useLive();
  useTick(1000);
  const status = useQuery({ queryKey: ['status'], queryFn: ({ signal }) => get('/api/v1/status', undefined, signal) });
  const s = status.data;
  const flows = useQuery({ queryKey: ['flows'], queryFn: ({ signal }) => get('/api/v1/flows', undefined, signal) });
  const commits = (flows.data?.flows ?? []).map((f) => (f.last_commit ? Date.parse(f.last_commit) : 0));
  const newest = Math.max(0, ...commits);
  const failed = (flows.data?.flows ?? []).filter((f) => f.state === 'failed').length;
  const words = { connecting: 'connecting', live: 'live', lost: 'not connected' } as const;
  return (
    <header>
      <div className="brand">
        <img src="/tarn.svg" alt="" width="28" height="28" />
        <h1>
          {s?.project || 'Tarn'}
          <small>{s ? `Tarn ${s.version}` : '\u00a0'}</small>
        </h1>
      </div>
      <dl className="facts">
        <div>
          <dt>Fresh</dt>
          <dd>{newest ? age(live.now() - newest) : 'nothing yet'}</dd>
        </div>
        <div className="wide-only">
          <dt>Up</dt>
          <dd>{s ? span(s.uptime_seconds) : '–'}</dd>
        </div>
        <div className="wide-only">
          <dt>
            Start{' '}
            <Why
              label="start number"
              text="Counts the starts on this data folder; a newer one fences the older."
              commands={['tarn doctor', 'curl http://' + location.host + '/api/v1/status']}
            />
          </dt>
          <dd>{s ? `#${s.start_number}` : '–'}</dd>
        </div>
        <div className={`pill ${live.connection}`} role="status">
          <i aria-hidden="true" />
          {words[live.connection]}
        </div>
        {failed > 0 && <div className="pill bad">{`${failed} flow${failed > 1 ? 's' : ''} failed`}</div>}
        {s?.log_read_only && <div className="pill bad" title={s.log_read_only_reason}>log is read-only</div>}
      </dl>
    </header>
  );
}
