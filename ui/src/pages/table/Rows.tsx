import { useMutation, useQuery } from '@tanstack/react-query';
import { restoreTable, runSql } from '../../api/client';
import type { Restore as RestoreBody, SqlResult, Table } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { ResultGrid } from '../../components/ResultGrid';
import { Before, Empty, ErrorBox } from '../../components/States';
import { CopyLine } from '../../components/Why';
import { count, moment } from '../../format';
import { asOf, changesSql, rowsSql, type AsOf } from '../../live/tables';
import { address, Link, setParams, useParam } from '../../router';
import { useReread } from './Care';

const two = (n: number) => String(n).padStart(2, '0');
// As <input type="datetime-local"> has it: local time.
function localTime(instant: string): string {
  const at = new Date(instant);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function Result({ sql, empty, about }: { sql: string; empty: string; about: string }) {
  const query = useQuery<SqlResult>({ queryKey: ['sample', sql], queryFn: ({ signal }) => runSql(sql, signal), staleTime: Infinity, retry: false });
  return (
    <>
      <Before query={query} rows={8} />
      {query.data && query.data.rows.length === 0 && <Empty title="No rows">{empty}</Empty>}
      {query.data && query.data.rows.length > 0 && <ResultGrid result={query.data} />}
      {query.data && <p className="note list-note">{about} <button type="button" className="quiet" onClick={() => void query.refetch()}>read again</button> <Link to={address('/sql', { sql, run: '1' })}>open in SQL</Link></p>}
      <CopyLine text={sql} />
    </>
  );
}

const said = (at: AsOf) => (at === null ? 'the newest version' : 'version' in at ? `version ${count(at.version)}` : `the newest version that is not younger than ${moment(at.time)}`);

function Restore({ table, at, done }: { table: Table; at: NonNullable<AsOf>; done: () => void }) {
  const reread = useReread(table.name);
  const act = useMutation({ mutationFn: (body: RestoreBody) => restoreTable(table.name, body), onSuccess: reread });
  if (act.data) {
    const made = act.data;
    return (
      <p className="verdict good" role="status">
        {made.committed ? <><b>Done:</b> version {count(made.version)} is as version {count(made.restored)} was: {count(made.files_removed)} files went out of it, {count(made.files_restored)} came back{made.files_missing > 0 && <>, {count(made.files_missing)} are gone for good</>}.</> : <>The table is as version {count(made.restored)} already; nothing was done.</>}{' '}
        <Link to={address('/table', { name: table.name })}>See its history</Link>
      </p>
    );
  }
  return (
    <>
      <Confirm name={table.name} action="Restore" busy={act.isPending} onYes={() => act.mutate({ ...at, ignore_missing: false })} onNo={done}>
        Rows, schema and properties of <code>{table.name}</code> become those of {said(at)}, in a new version. Flows that read the table as it grows stop where rows were taken away. To undo it, restore to version {count(table.version)}, which is the newest now.
      </Confirm>
      {act.error && <ErrorBox error={act.error} />}
    </>
  );
}

// Rows as of a version or a time, what changed in a version, and the way back to it.
export function Rows({ table }: { table: Table }) {
  const [version] = useParam('version', '');
  const [time] = useParam('time', '');
  const [show, setShow] = useParam('show', 'rows');
  const at = asOf(version, time);
  const one = at !== null && 'version' in at ? at.version : null;
  const set = (change: { version?: string | number | null; time?: string | null }) => setParams({ version: null, time: null, ...change, ...(show === 'restore' ? { show: null } : {}) }, { replace: true });
  const changed = show === 'changes';
  const of = one ?? table.version;
  return (
    <>
      <div className="where">
        <label>As of version <input type="number" min={0} max={table.version} placeholder={`${table.version}`} value={version} onChange={(e) => set({ version: e.target.value })} /></label>
        <label>or time <input type="datetime-local" step={1} value={at !== null && 'time' in at ? localTime(at.time) : ''} onChange={(e) => set({ time: e.target.value === '' ? null : new Date(e.target.value).toISOString() })} /></label>
        {at !== null && <button type="button" onClick={() => set({})}>Newest</button>}
        <span className="ranges" role="group" aria-label="What to show">
          <button type="button" aria-pressed={!changed} onClick={() => setShow('rows')}>rows</button>
          <button type="button" aria-pressed={changed} onClick={() => setShow('changes')}>what changed</button>
        </span>
        {at !== null && show !== 'restore' && <button type="button" className="danger" onClick={() => setShow('restore')}>Restore to it…</button>}
      </div>
      {show === 'restore' && at !== null && <Restore table={table} at={at} done={() => setShow('rows')} />}
      {changed && at !== null && one === null && <Empty title="Changes are those of a version">Pick its number, here or in the history.</Empty>}
      {changed && (one !== null || at === null) && <Result key={`changes ${of}`} sql={changesSql(table.name, of)} empty={`Version ${count(of)} changed no rows.`} about={`changes of version ${count(of)}, 1,000 at most`} />}
      {!changed && <Result key={rowsSql(table.name, at)} sql={rowsSql(table.name, at)} empty={at === null ? 'The table fills with the first batch of its flow.' : 'It had none then.'} about={`100 rows as they lie, as of ${said(at)}`} />}
    </>
  );
}
