import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { DisconnectedBar } from '../components/DisconnectedBar';
import { FlowStrip } from '../components/FlowStrip';
import { Header } from '../components/Header';
import { LedgerStrip } from '../components/LedgerStrip';
import { Rates } from '../components/Rates';
import { SqlBox } from '../components/SqlBox';
import { TableCards } from '../components/TableCards';
import { OtherViews, WindowPanels } from '../components/Views';
import { useLive } from '../live/stream';

// The running platform at a glance: what came in, whether it adds up, how fresh it is, where it went.
export function Home() {
  const { connection } = useLive();
  const flows = useQuery({ queryKey: ['flows'], queryFn: ({ signal }) => get('/api/v1/flows', undefined, signal) });
  return (
    <>
      <DisconnectedBar />
      <Header />
      <main className={connection === 'lost' ? 'stale' : ''} aria-busy={flows.isPending}>
        <LedgerStrip />
        <Rates />
        <FlowStrip />
        <WindowPanels />
        <TableCards />
        <OtherViews />
        <SqlBox />
      </main>
      <footer>
        Everything here is also in the <code>tarn</code> command and at{' '}
        <a href="/api/v1/openapi.yaml">/api/v1/openapi.yaml</a>; metrics are at <a href="/metrics">/metrics</a>.
      </footer>
    </>
  );
}
