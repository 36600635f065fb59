import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../api/client';
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

export function ErrorBox({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const body = error instanceof ApiError ? error.body : null;
  return (
    <div className="error-box" role="alert">
      <strong>{body ? body.code.replaceAll('_', ' ') : 'The server did not answer'}</strong>
      <pre>{body ? body.message : error instanceof Error ? error.message : String(error)}</pre>
      <p>{body ? body.todo : 'The page tries again by itself.'}</p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
