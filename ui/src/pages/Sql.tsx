import { useEffect, useMemo, useRef, useState } from 'react';
import { runSql } from '../api/client';
import { useCatalog, useTables, useViews } from '../api/queries';
import type { SqlResult } from '../api/types';
import { AutoChart } from '../chart/AutoChart';
import { inUtc, listed, ResultGrid } from '../components/ResultGrid';
import { ErrorBox } from '../components/States';
import { SqlEditor } from '../components/SqlEditor';
import { SqlSide } from '../components/SqlSide';
import { CopyLine, Why } from '../components/Why';
import { count, csv, milliseconds, save } from '../format';
import { useTick } from '../live/clock';
import { keep, read, withRan, withSaved, type Ran, type Saved } from '../live/remembered';
import { quoted } from '../live/tables';
import { setParams, useParam, usePlace } from '../router';

const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ranKey = 'tarn.sql.ran';
const savedKey = 'tarn.sql.saved';

interface Answer {
  sql: string;
  result: SqlResult | null;
  error: unknown;
}

function ResultPart({ result, sql }: { result: SqlResult; sql: string }) {
  const [show, setShow] = useParam('show', 'table');
  const rows = useMemo(() => listed(result), [result]);
  const names = result.columns.map((c) => c.name);
  return (
    <section className="panel result" aria-label="Result">
      <div className="panel-head">
        <span data-rows>{count(result.row_count)} {result.row_count === 1 ? 'row' : 'rows'} in {milliseconds(result.elapsed_ms)}</span>
        {result.truncated && <span className="pill warn"><i aria-hidden="true" />cut at the server’s limit of rows: there are more. Add a where, a limit or a group by.</span>}
        {result.columns.some((c) => inUtc(c.type)) && <span className="note lead" data-zone>times in {show === 'chart' ? localZone : 'UTC'}</span>}
        <Why label="result" text="What the server answered to this statement, at that moment." commands={[`tarn sql ${JSON.stringify(sql.replaceAll(/\s+/g, ' ').trim())}`]} />
        <span className="ranges" role="group" aria-label="Shown as">
          <button type="button" aria-pressed={show === 'table'} onClick={() => setShow('table')}>Table</button>
          <button type="button" aria-pressed={show === 'chart'} onClick={() => setShow('chart')}>Chart</button>
        </span>
        <button type="button" onClick={() => save('result.csv', new Blob([csv(names, rows)], { type: 'text/csv' }))}>CSV</button>
      </div>
      {result.rows.length === 0 && <p className="note">No row answers this.</p>}
      {result.rows.length > 0 && (show === 'table' ? <ResultGrid result={result} height={560} /> : <AutoChart columns={result.columns} rows={rows} />)}
    </section>
  );
}

function useExamples(): { name: string; sql: string }[] {
  const tables = useTables().data?.tables ?? [];
  const views = useViews().data?.views ?? [];
  return useMemo(() => {
    const out: { name: string; sql: string }[] = [];
    const busiest = [...tables].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0))[0];
    const word = busiest?.columns.find((c) => /category|country|wiki|type/.test(c.name)) ?? busiest?.columns.find((c) => c.type === 'VARCHAR');
    if (busiest && word) out.push({ name: `${busiest.name} by ${word.name}`, sql: `select ${word.name}, count(*) as rows\nfrom ${quoted(busiest.name)}\ngroup by ${word.name}\norder by rows desc\nlimit 20` });
    if (busiest) out.push({ name: `${busiest.name}, newest`, sql: `select *\nfrom ${quoted(busiest.name)}\nlimit 100` });
    const view = views[0];
    if (view) out.push({ name: view.name, sql: `select *\nfrom ${quoted(view.name)}\norder by 1 desc\nlimit 200` });
    return out;
  }, [tables.map((t) => t.name).join(), views.map((v) => v.name).join()]); // eslint-disable-line
}

function Running({ since }: { since: number }) {
  useTick(100);
  return <span className="note" role="status">running, {milliseconds(Date.now() - since)}</span>;
}

// A box, a result, no ceremony. One SELECT; leaving or cancelling ends the query on the server too.
export default function Sql() {
  const { query } = usePlace();
  const given = query.get('sql') ?? '';
  const runs = query.get('run') === '1';
  const [text, setText] = useState(given);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [since, setSince] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const catalog = useCatalog();
  const examples = useExamples();
  const insert = useRef<((text: string) => void) | null>(null);
  const [ran, setRan] = useState<Ran[]>(() => read(ranKey));
  const [saved, setSaved] = useState<Saved[]>(() => read(savedKey));
  const [name, setName] = useState('');
  // Other tabs write there too: what is there now is what is added to.
  const note = (sql: string, rows: number | null) => {
    const list = withRan(read(ranKey), { sql, at: Date.now(), rows });
    keep(ranKey, list);
    setRan(list);
  };
  const changeSaved = (change: (list: Saved[]) => Saved[]) => {
    const list = change(read(savedKey));
    keep(savedKey, list);
    setSaved(list);
  };
  const clear = () => {
    keep(ranKey, []);
    setRan([]);
  };

  const run = async (sql: string) => {
    if (!sql.trim()) return;
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    setSince(Date.now());
    try {
      const result = await runSql(sql, controller.signal);
      setAnswer({ sql, result, error: null });
      note(sql, result.row_count);
    } catch (error) {
      if (controller.signal.aborted) return;
      setAnswer({ sql, result: null, error });
      note(sql, null);
    } finally {
      if (abort.current === controller) setSince(null);
    }
  };
  // The address is what is run: a shared one runs by itself, and Back runs the statement before.
  useEffect(() => {
    setText(given);
    if (runs) void run(given);
    return () => abort.current?.abort();
  }, [given, runs]); // eslint-disable-line
  const submit = (sql: string) => {
    if (sql === given && runs) void run(sql);
    else setParams({ sql, run: '1', order: null, by: null });
  };
  const cancel = () => {
    abort.current?.abort();
    setSince(null);
  };
  return (
    <div className="sql-page">
      <SqlSide catalog={catalog.data} ran={ran} saved={saved} insert={(t) => insert.current?.(t)} open={submit} forget={(n) => changeSaved((list) => list.filter((s) => s.name !== n))} clear={clear} />
      <div className="stack">
        <section className="panel" aria-labelledby="sql-title">
          <div className="panel-head">
            <h1 id="sql-title">SQL</h1>
            <span className="note lead">tables and views by name, DuckDB’s dialect, one SELECT, read-only</span>
            <span className="examples">{examples.map((e) => <button key={e.name} type="button" className="quiet" onClick={() => submit(e.sql)}>{e.name}</button>)}</span>
          </div>
          <SqlEditor value={text} change={setText} run={submit} catalog={catalog.data} insert={insert} />
          <div className="sql-tools">
            <button type="button" className="primary" onClick={() => submit(text)} disabled={!text.trim()}>Run <kbd>Ctrl ⏎</kbd></button>
            <button type="button" onClick={cancel} disabled={since === null}>Cancel</button>
            {since !== null && <Running since={since} />}
            <form className="save-as" onSubmit={(e) => { e.preventDefault(); changeSaved((list) => withSaved(list, { name: name.trim(), sql: text })); setName(''); }}>
              <input aria-label="Name to save under" placeholder="name" value={name} onChange={(e) => setName(e.target.value)} size={14} />
              <button type="submit" disabled={!text.trim() || !name.trim()}>Save</button>
            </form>
            {text.trim() && <CopyLine text={`tarn sql ${JSON.stringify(text.replaceAll(/\s+/g, ' ').trim())}`} />}
          </div>
        </section>
        {answer !== null && answer.error !== null && <section className="panel"><ErrorBox error={answer.error} retry={() => void run(answer.sql)} /></section>}
        {answer?.result && <ResultPart result={answer.result} sql={answer.sql} />}
      </div>
    </div>
  );
}
