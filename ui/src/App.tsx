import { Suspense, useEffect, useRef, type ReactNode } from 'react';
import { DisconnectedBar } from './components/DisconnectedBar';
import { LedgerLine, LedgerStrip } from './components/LedgerStrip';
import { Palette } from './components/Palette';
import { Empty, Skeleton } from './components/States';
import { TopBar } from './components/TopBar';
import { useConnection } from './live/stream';
import { usePlace } from './router';
import { pageAt } from './shell/pages';

function pageOf(path: string, name: string): { title: string; page: ReactNode } {
  const found = pageAt(path);
  if (found) return { title: found.title ?? name, page: found.page(name) };
  return { title: 'Nothing here', page: <section className="panel"><Empty title={`There is no page at ${path}`}>Ctrl-K finds every page, node and command.</Empty></section> };
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
