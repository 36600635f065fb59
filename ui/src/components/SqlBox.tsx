import { useRef, useState } from 'react';
import { runSql } from '../api/client';
import type { SqlResult } from '../api/types';
import { count, csv, milliseconds } from '../format';
import { useUrlState } from '../live/url';
import { ErrorBox } from './States';

const shownRows = 500;

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function Result({ result }: { result: SqlResult }) {
  const names = result.columns.map((c) => c.name);
  const save = () => {
    const text = csv(names, result.rows.map((row) => names.map((n) => row[n])));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    link.download = 'result.csv';
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const numeric = (type: string) => /INT|DOUBLE|FLOAT|DECIMAL/.test(type);
  return (
    <div className="result">
      <div className="result-head">
        <span>
          {count(result.row_count)} {result.row_count === 1 ? 'row' : 'rows'} in {milliseconds(result.elapsed_ms)}
          {result.truncated && ', cut at the server’s limit: there are more'}
          {result.rows.length > shownRows && `; the first ${shownRows} are shown, all are in the CSV`}
        </span>
        <button type="button" onClick={save}>CSV</button>
      </div>
      <div className="scroll" tabIndex={0} role="region" aria-label="Result">
        <table>
          <thead>
            <tr>{result.columns.map((c) => <th key={c.name} className={numeric(c.type) ? 'num' : ''}>{c.name}<small>{c.type.toLowerCase()}</small></th>)}</tr>
          </thead>
          <tbody>
            {result.rows.slice(0, shownRows).map((row, i) => (
              <tr key={i}>{result.columns.map((c) => <td key={c.name} className={`${numeric(c.type) ? 'num' : ''} ${row[c.name] === null ? 'null' : ''}`}>{cell(row[c.name])}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

// A box, a result, no ceremony. One SELECT; leaving or cancelling ends the query on the server too.
export function SqlBox() {
  const [sql, setSql] = useUrlState('sql', 'select category, count(*) as clicks, count(distinct user_id) as users\nfrom bronze.clicks\ngroup by category\norder by clicks desc');
  const [result, setResult] = useState<SqlResult | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [running, setRunning] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const run = async () => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    setRunning(true);
    setError(null);
    try {
      setResult(await runSql(sql, controller.signal));
    } catch (e) {
      if (!controller.signal.aborted) setError(e);
    } finally {
      if (abort.current === controller) setRunning(false);
    }
  };
  return (
    <section className="panel" aria-labelledby="sql-title">
      <div className="panel-head">
        <h2 id="sql-title">SQL</h2>
        <span className="note">tables, topics’ tables and live views by name; DuckDB’s dialect, one SELECT</span>
      </div>
      <textarea
        aria-label="SQL"
        spellCheck={false}
        rows={5}
        value={sql}
        onChange={(e) => setSql(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
            e.preventDefault();
            void run();
          }
        }}
      />
      <div className="sql-tools">
        <button type="button" className="primary" onClick={() => void run()} disabled={running || !sql.trim()}>
          Run <kbd>Ctrl ⏎</kbd>
        </button>
        <button type="button" onClick={() => { abort.current?.abort(); setRunning(false); }} disabled={!running}>Cancel</button>
        {running && <span className="note" role="status">running…</span>}
      </div>
      {error !== null && <ErrorBox error={error} />}
      {result && error === null && <Result result={result} />}
    </section>
  );
}
