import { useMemo, useState } from 'react';
import type { TableColumn, TableDetail } from '../../api/types';
import { schemaLines, switches, type SchemaLine } from '../../live/tables';

const known: [RegExp, string][] = [
  [/^delta\.enableDeletionVectors$/, 'rows that are deleted are marked'],
  [/^delta\.enableChangeDataFeed$/, 'changes of rows are kept'],
  [/^delta\.appendOnly$/, 'no row is changed or deleted'],
  [/^delta\.columnMapping\.mode$/, 'names in files are apart from those of columns'],
  [/^delta\.columnMapping\.maxColumnId$/, 'the greatest id that a column has had'],
  [/^delta\.targetFileSize$/, 'what OPTIMIZE makes a file'],
  [/^delta\.deletedFileRetentionDuration$/, 'how long VACUUM keeps files of older versions'],
  [/^delta\.logRetentionDuration$/, 'how long the log keeps older versions'],
  [/^delta\.isolationLevel$/, 'which commits of others a writer may follow'],
  [/^delta\.checkpointInterval$/, 'commits from one checkpoint to the next'],
  [/^delta\.checkpointPolicy$/, 'how checkpoints are written'],
  [/^delta\.enableRowTracking$/, 'rows keep an id'],
  [/^delta\.enableInCommitTimestamps$/, 'commits carry their own time'],
  [/^delta\.dataSkippingNumIndexedCols$/, 'columns with statistics'],
  [/^delta\.constraints\./, 'holds for every row'],
  [/^tarn\./, 'Tarn’s own'],
];
const meaning = (key: string) => known.find(([pattern]) => pattern.test(key))?.[1] ?? '';

const all = (columns: TableColumn[]): number => columns.reduce((n, c) => n + 1 + all(c.parts), 0);

// A type with what it is made of, short: its parts stand below it.
const shortType = (column: TableColumn) => (column.parts.length === 0 ? column.type : column.type.replace(/^(array|map|struct).*$/s, '$1')).replace(/^array$/, 'list');

function Tree({ table }: { table: TableDetail }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => schemaLines(table, closed), [table, closed]);
  const mapped = table.column_mapping !== 'none';
  const about = lines.some((l) => l.column.comment || l.column.generated || l.column.default);
  const roles = lines.some((l) => l.role);
  const toggle = (path: string) => setClosed((now) => {
    const next = new Set(now);
    if (!next.delete(path)) next.add(path);
    return next;
  });
  return (
    <div className="scroll tree" tabIndex={0} role="region" aria-label="Schema">
      <table role="treegrid" aria-label="Columns" aria-rowcount={lines.length + 1}>
        <thead>
          <tr><th scope="col">Column</th><th scope="col">Type</th><th scope="col">Null</th>{roles && <th scope="col">Role</th>}{mapped && <><th scope="col" className="num">Id</th><th scope="col">Name in files</th></>}{about && <th scope="col">About</th>}</tr>
        </thead>
        <tbody>{lines.map((line) => <Line key={line.path} line={line} toggle={toggle} mapped={mapped} about={about} roles={roles} />)}</tbody>
      </table>
    </div>
  );
}

function Line({ line, toggle, mapped, about, roles }: { line: SchemaLine; toggle: (path: string) => void; mapped: boolean; about: boolean; roles: boolean }) {
  const { column, path, depth, open } = line;
  return (
    <tr aria-level={depth + 1} {...(open === null ? {} : { 'aria-expanded': open })}>
      <th scope="row" style={{ paddingLeft: 12 + depth * 20 }}>
        {open === null ? <i aria-hidden="true" /> : <button type="button" className="twist" aria-label={`${open ? 'Close' : 'Open'} ${column.name}`} onClick={() => toggle(path)}>{open ? '▾' : '▸'}</button>}
        {column.name}
      </th>
      <td title={column.type}>{shortType(column)}</td>
      <td>{column.nullable ? <span className="soft">may be</span> : 'never'}</td>
      {roles && <td className="words">{line.role}</td>}
      {mapped && <><td className="num">{column.id ?? ''}</td><td>{column.physical}</td></>}
      {about && <td className="words">{column.comment}{column.generated !== null && <> made of <code>{column.generated}</code></>}{column.default !== null && <> default <code>{column.default}</code></>}</td>}
    </tr>
  );
}

// Columns as a tree, what the table asks of its readers and writers, and its properties.
export function Schema({ table }: { table: TableDetail }) {
  const { protocol } = table;
  const properties = Object.entries(table.properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <div className="stack">
      <Tree table={table} />
      <p className="note">{all(table.schema)} columns and parts of columns{table.cluster_by.length > 0 && <>; clustered by {table.cluster_by.join(', ')}</>}</p>
      <div className="pairs">
        <section aria-label="Features">
          <h3>What it does</h3>
          <dl className="switches">
            {switches(table).map((s) => <div key={s.name} className={s.on ? 'on' : 'off'}><dt>{s.name}</dt><dd><b>{s.on ? 'on' : 'off'}</b> <span className="note">{s.about}</span></dd></div>)}
          </dl>
          <h3>What it asks of others</h3>
          <p className="note">Readers of version {protocol.reader} and writers of version {protocol.writer} of Delta’s protocol{protocol.features.length > 0 && ', who know'}</p>
          <ul className="features">
            {protocol.features.map((f) => <li key={f.name} className="pill"><span className="mono">{f.name}</span> {f.reader && f.writer ? 'readers, writers' : f.reader ? 'readers' : 'writers'}</li>)}
          </ul>
        </section>
        <section aria-label="Properties">
          <h3>Properties</h3>
          {properties.length === 0 && <p className="note">It has none: all is as Delta has it by default.</p>}
          {properties.length > 0 && (
            <table className="plain">
              <tbody>{properties.map(([key, value]) => <tr key={key}><th scope="row" className="mono">{key}</th><td className="mono">{value}</td><td className="note">{meaning(key)}</td></tr>)}</tbody>
            </table>
          )}
        </section>
      </div>
    </div>
  );
}
