import { useMemo } from 'react';
import type { Commit, Table } from '../../api/types';
import { Lines } from '../../chart/Lines';
import { DataGrid, type GridColumn } from '../../components/DataGrid';
import { Fact, Facts } from '../../components/NodeHead';
import { Empty } from '../../components/States';
import { CopyLine } from '../../components/Why';
import { bytes, compact, count, moment } from '../../format';
import { flowOf, list, metricName, metricValue, operationName, operations, rowCounts, summary } from '../../live/commits';
import { changesSql, growth, rowsSql } from '../../live/tables';
import { address, Link, setParams, useParam } from '../../router';

const by = (c: Commit) => (c.txn ? `${flowOf(c)} batch ${c.txn.version}` : c.engine);
function By({ commit }: { commit: Commit }) {
  const flow = flowOf(commit);
  if (!flow || !commit.txn) return <>{commit.engine}</>;
  return <><Link className="mono" to={address('/flow', { name: flow })}>{flow}</Link> batch {count(commit.txn.version)}</>;
}

const change = (n: number) => (n === 0 ? '' : n > 0 ? `+${count(n)}` : `−${count(-n)}`);

const columns: GridColumn<Commit>[] = [
  { id: 'version', name: 'Version', value: (c) => c.version, cell: (c) => <button type="button" className="link" aria-label={`Open version ${c.version}`} onClick={() => setParams({ commit: c.version })}>{count(c.version)}</button>, right: true, width: 7 },
  { id: 'time', name: 'Time', value: (c) => c.time, cell: (c) => moment(c.time), width: 20 },
  { id: 'operation', name: 'Operation', value: (c) => operationName(c), width: 16 },
  { id: 'did', name: 'What it did', value: (c) => summary(c), cell: (c) => <span title={summary(c)}>{summary(c)}</span>, grow: true },
  { id: 'rows', name: 'Rows then', value: (c) => c.rows, cell: (c) => count(c.rows), right: true, width: 10 },
  { id: 'files', name: 'Files', value: (c) => c.files_added - c.files_removed, cell: (c) => <span title={`${count(c.files_added)} added, ${count(c.files_removed)} removed`}>{change(c.files_added - c.files_removed)}</span>, right: true, width: 6 },
  { id: 'by', name: 'By', value: by, cell: (c) => <By commit={c} />, width: 20 },
];

const number = (n: number | null) => (n === null ? null : count(n));

// All that a commit says of itself.
function Opened({ name, commit, newest }: { name: string; commit: Commit; newest: number }) {
  const rows = rowCounts(commit);
  const counts = ([['Inserted', rows.inserted], ['Updated', rows.updated], ['Deleted', rows.deleted], ['Copied', rows.copied]] as const).filter(([, n]) => n !== null);
  const parameters = Object.entries(commit.parameters).filter(([, value]) => value !== '' && value !== '[]' && value !== '{}');
  const metrics = Object.entries(commit.metrics);
  const at = { name, tab: 'rows', version: commit.version };
  return (
    <section className="record" aria-label={`Version ${commit.version}`}>
      <div className="panel-head">
        <h3>Version {count(commit.version)}: {operationName(commit)}</h3>
        <span className="note lead">{summary(commit)}</span>
        <button type="button" className="button" onClick={() => setParams({ commit: null })}>Close</button>
      </div>
      <Facts from={`From the commit ${String(commit.version).padStart(20, '0')}.json of the table’s log.`} commands={[`tarn table history ${name}`]}>
        <Fact name="Committed" value={moment(commit.time, true)} />
        <Fact name="Rows then" value={number(commit.rows) ?? 'not known'} />
        {counts.map(([what, n]) => <Fact key={what} name={`Rows ${what.toLowerCase()}`} value={number(n)} />)}
        <Fact name="Files added" value={`${count(commit.files_added)}, ${bytes(commit.bytes_added)}`} />
        <Fact name="Files removed" value={`${count(commit.files_removed)}, ${bytes(commit.bytes_removed)}`} />
        <Fact name="Other deletion vectors" value={count(commit.vectors)} />
        {commit.txn && <Fact name="By" value={<By commit={commit} />} />}
        <Fact name="Engine" value={commit.engine || 'not said'} />
        {commit.read_version !== null && <Fact name="Prepared from" value={`version ${count(commit.read_version)}`} />}
        {commit.isolation && <Fact name="Isolation" value={commit.isolation} />}
      </Facts>
      <div className="pairs">
        {parameters.length > 0 && (
          <section aria-label="Parameters"><h3>Asked</h3>
            <table className="plain"><tbody>{parameters.map(([key, value]) => <tr key={key}><th scope="row">{metricName(key)}</th><td className="mono">{list(value).join(', ')}</td></tr>)}</tbody></table>
          </section>
        )}
        {metrics.length > 0 && (
          <section aria-label="Metrics"><h3>Counted by its writer</h3>
            <table className="plain"><tbody>{metrics.map(([key, value]) => <tr key={key}><th scope="row" title={key}>{metricName(key)}</th><td className="num">{metricValue(key, value)}</td></tr>)}</tbody></table>
          </section>
        )}
        {commit.user_metadata && <section aria-label="User metadata"><h3>Said by its writer</h3><pre className="sql-text">{commit.user_metadata}</pre></section>}
      </div>
      <p className="note">
        <Link to={address('/table', at)}>Rows as of this version</Link>{' · '}
        <Link to={address('/table', { ...at, show: 'changes' })}>What changed in it</Link>
        {commit.version < newest && <>{' · '}<Link to={address('/table', { ...at, show: 'restore' })}>Restore to it</Link></>}
      </p>
      <CopyLine text={rowsSql(name, { version: commit.version })} />
      <CopyLine text={changesSql(name, commit.version)} />
    </section>
  );
}

function Growth({ commits }: { commits: Commit[] }) {
  const data = useMemo(() => growth(commits), [commits]);
  const series = useMemo(() => [{ name: 'added', values: data.added }, ...(data.removed.some((n) => n) ? [{ name: 'taken away', values: data.removed }] : [])], [data]);
  const rows = useMemo(() => [{ name: 'rows', values: data.rows }], [data]);
  if (data.times.length < 2) return <Empty title="Not enough commits yet">Growth is drawn from two commits on.</Empty>;
  return (
    <div className="beside" data-growth>
      <Lines label="Rows of each version" times={data.times} series={rows} height={168} step area />
      <Lines label="Rows of each commit" times={data.times} series={series} height={168} step />
    </div>
  );
}

export function History({ table, commits }: { table: Table; commits: Commit[] }) {
  const [operation, setOperation] = useParam('operation', '', { replace: true });
  const [opened] = useParam('commit', '');
  const shown = useMemo(() => (operation ? commits.filter((c) => c.operation === operation) : commits), [commits, operation]);
  const commit = opened === '' ? undefined : commits.find((c) => String(c.version) === opened);
  if (commits.length === 0) return <Empty title="No commits are left">The table’s log has been cleaned up to its newest checkpoint.</Empty>;
  return (
    <>
      <div className="where">
        <label>Operation{' '}
          <select value={operation} onChange={(e) => setOperation(e.target.value)}>
            <option value="">all</option>
            {operations(commits).map(([name, n]) => <option key={name} value={name}>{`${name.toLowerCase()} (${compact(n)})`}</option>)}
          </select>
        </label>
        <span className="note">{operation ? `${count(shown.length)} of ` : ''}the newest {count(commits.length)} commits, each one atomic</span>
      </div>
      {commit && <Opened name={table.name} commit={commit} newest={table.version} />}
      {opened !== '' && !commit && <Empty title={`Version ${opened} is not among these commits`}>The log may have been cleaned up, or it is older than the newest {count(commits.length)}.</Empty>}
      <div className="history-page">
        <DataGrid label="History" columns={columns} rows={shown} rowKey={(c) => String(c.version)} sorted="-version" sortParam="versions" rowClass={(c) => (String(c.version) === opened ? 'chosen' : '')} onRow={(c) => setParams({ commit: c.version })} />
        <Growth commits={commits} />
      </div>
    </>
  );
}
