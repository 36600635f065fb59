import { lazy, Suspense, useEffect, useRef, type ReactNode } from 'react';
import { DisconnectedBar } from './components/DisconnectedBar';
import { LedgerLine, LedgerStrip } from './components/LedgerStrip';
import { Palette } from './components/Palette';
import { Empty, Skeleton } from './components/States';
import { TopBar } from './components/TopBar';
import { useConnection } from './live/stream';
import { BreakIt } from './pages/BreakIt';
import { ErrorPage } from './pages/ErrorPage';
import { Flow } from './pages/Flow';
import { Follow } from './pages/Follow';
import { Home } from './pages/Home';
import { Flows, Tables, Topics, Views } from './pages/Lists';
import { Runs } from './pages/Runs';
import { Table } from './pages/Table';
import { Topic } from './pages/Topic';
import { View } from './pages/View';
import { usePlace } from './router';

const Sql = lazy(() => import('./pages/Sql'));
const Check = lazy(() => import('./pages/Check'));

function pageOf(path: string, name: string): { title: string; page: ReactNode } {
  switch (path) {
    case '/': return { title: 'Map', page: <Home /> };
    case '/topics': return { title: 'Topics', page: <Topics /> };
    case '/topic': return { title: name, page: <Topic key={name} name={name} /> };
    case '/tables': return { title: 'Tables', page: <Tables /> };
    case '/table': return { title: name, page: <Table key={name} name={name} /> };
    case '/flows': return { title: 'Flows', page: <Flows /> };
    case '/flow': return { title: name, page: <Flow key={name} name={name} /> };
    case '/views': return { title: 'Views', page: <Views /> };
    case '/view': return { title: name, page: <View key={name} name={name} /> };
    case '/runs': return { title: 'Runs', page: <Runs /> };
    case '/sql': return { title: 'SQL', page: <Sql /> };
    case '/trace': return { title: 'Follow an event', page: <Follow /> };
    case '/demo': return { title: 'Break it', page: <BreakIt /> };
    case '/errors': return { title: 'Error', page: <ErrorPage /> };
    case '/check': return { title: 'Frames', page: <Check /> };
    default: return { title: 'Nothing here', page: <section className="panel"><Empty title={`There is no page at ${path}`}>Ctrl-K finds every page, node and command.</Empty></section> };
  }
}

export function App() {
  const { path, query } = usePlace();
  const connection = useConnection();
  const { title, page } = pageOf(path, query.get('name') ?? '');
  const before = useRef(path);
  // A new page is where the keyboard and a reader go on.
  useEffect(() => {
    if (before.current !== path) document.getElementById('main')?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  useEffect(() => {
    document.body.dataset.connection = connection;
  }, [connection]);
  useEffect(() => {
    document.title = `${title} · Tarn`;
  }, [title]);
  return (
    <>
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the page</a>
      <TopBar />
      <div className="frame">
        <DisconnectedBar />
        {path === '/' ? <LedgerStrip /> : <LedgerLine />}
        <main id="main" tabIndex={-1}>
          <Suspense fallback={<section className="panel"><Skeleton rows={6} /></section>}>{page}</Suspense>
        </main>
        <footer>
          Everything here is also in the <code>tarn</code> command and at <a href="/api/v1/openapi.yaml">/api/v1/openapi.yaml</a>; metrics are at <a href="/metrics">/metrics</a>.
        </footer>
      </div>
      <Palette />
    </>
  );
}
