import { useEffect, useState, type ReactNode } from 'react';
import { ApiError, notHere } from '../api/client';
import { address, Link } from '../router';
import { Said } from './Said';
import { CopyLine } from './Why';

// Appears only when loading takes longer than a blink.
export function Skeleton({ rows = 3 }: { rows?: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), 100);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {late && Array.from({ length: rows }, (_, i) => <div key={i} />)}
    </div>
  );
}

export function Empty({ title, children, command }: { title: string; children: ReactNode; command?: string }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      <p>{children}</p>
      {command && <CopyLine text={command} />}
    </div>
  );
}

// What happened, to what, why, what to do; its id leads to its page.
export function ErrorBox({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  if (notHere(error)) return <Empty title="Not available here">This server has no such address: it is of another version, or runs without what answers this.</Empty>;
  const body = error instanceof ApiError ? error.body : null;
  return (
    <div className="error-box" role="alert">
      <strong>
        {body ? body.code.replaceAll('_', ' ') : 'The server did not answer'}
        {body?.id && <Link className="error-id" to={address('/errors', { id: body.id })}>{body.id}</Link>}
      </strong>
      <pre>{body ? body.message : error instanceof Error ? error.message : String(error)}</pre>
      <p><b>What to do:</b> {body ? <Said text={body.todo} /> : 'The page tries again by itself; is tarn up running?'}</p>
      {retry && <button type="button" onClick={retry}>Try again</button>}
    </div>
  );
}

// The states of one query before there is something to show; null when there is.
export function Before({ query, rows = 4 }: { query: { isPending: boolean; error: unknown; data: unknown; refetch: () => unknown }; rows?: number }) {
  if (query.isPending) return <Skeleton rows={rows} />;
  if (query.error && query.data === undefined) return <ErrorBox error={query.error} retry={() => void query.refetch()} />;
  return null;
}
