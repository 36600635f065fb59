import { useMemo, useState } from 'react';
import type { Catalog } from '../api/types';
import { count, moment } from '../format';
import { quoted } from '../live/tables';
import type { Ran, Saved } from '../live/remembered';
import { Tabs } from './NodeHead';

type Entry = Catalog['tables'][number];
const mostShown = 200;

const schemaOf = (entry: Entry) => (entry.name.includes('.') ? entry.name.slice(0, entry.name.indexOf('.')) : entry.kind);

function TableEntry({ entry, insert }: { entry: Entry; insert: (text: string) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)} data-table={entry.name}>
      <summary>
        <span className="mono">{entry.name.slice(entry.name.indexOf('.') + 1)}</span> <small>{entry.kind}</small>
        <button type="button" className="quiet" aria-label={`Insert ${entry.name}`} onClick={(e) => { e.preventDefault(); insert(quoted(entry.name)); }}>insert</button>
      </summary>
      {open && (
        <ul>
          {entry.columns.map((c) => (
            <li key={c.name}><button type="button" className="link mono" onClick={() => insert(quoted(c.name))}>{c.name}</button> <small>{c.type.toLowerCase()}</small></li>
          ))}
        </ul>
      )}
    </details>
  );
}

function Schema({ catalog, insert }: { catalog: Catalog | undefined; insert: (text: string) => void }) {
  const [find, setFind] = useState('');
  const wanted = find.toLowerCase();
  const schemas = useMemo(() => {
    const out = new Map<string, Entry[]>();
    for (const entry of catalog?.tables ?? []) {
      if (wanted && !entry.name.toLowerCase().includes(wanted) && !entry.columns.some((c) => c.name.toLowerCase().includes(wanted))) continue;
      (out.get(schemaOf(entry)) ?? out.set(schemaOf(entry), []).get(schemaOf(entry)))?.push(entry);
    }
    return [...out].sort(([a], [b]) => Number(a === 'system') - Number(b === 'system') || (a < b ? -1 : 1));
  }, [catalog, wanted]);
  if (!catalog) return <p className="note">The names are not known yet.</p>;
  return (
    <>
      <input type="search" className="filter" placeholder="Filter tables and columns" aria-label="Filter tables and columns" value={find} onChange={(e) => setFind(e.target.value)} />
      {schemas.length === 0 && <p className="note">{wanted ? 'Nothing is called so.' : 'No tables or views yet.'}</p>}
      {schemas.map(([schema, entries]) => (
        <div key={schema} className="schema">
          <h3>{schema} <small>{count(entries.length)}</small></h3>
          {entries.slice(0, mostShown).map((entry) => <TableEntry key={entry.name} entry={entry} insert={insert} />)}
          {entries.length > mostShown && <p className="note">and {count(entries.length - mostShown)} more: filter by name</p>}
        </div>
      ))}
    </>
  );
}

const short = (sql: string) => sql.replaceAll(/\s+/g, ' ').trim();

interface Given {
  catalog: Catalog | undefined;
  ran: Ran[];
  saved: Saved[];
  insert: (text: string) => void;
  open: (sql: string) => void;
  forget: (name: string) => void;
  clear: () => void;
}

// Beside the SQL box: what there is to ask, what was asked, and what was kept under a name.
export function SqlSide({ catalog, ran, saved, insert, open, forget, clear }: Given) {
  const [tab, setTab] = useState('schema');
  return (
    <aside className="panel sql-side" aria-label="Schema, history and saved queries">
      <Tabs tabs={[['schema', 'Schema'], ['history', 'History'], ['saved', 'Saved']]} at={tab} set={setTab} />
      {tab === 'schema' && <Schema catalog={catalog} insert={insert} />}
      {tab === 'history' && (
        <ul className="queries" aria-label="History">
          {ran.length === 0 && <li className="note">What you run is kept here, in this browser alone.</li>}
          {ran.map((r) => (
            <li key={r.sql}>
              <button type="button" className="link mono" title={r.sql} onClick={() => open(r.sql)}>{short(r.sql)}</button>
              <small>{moment(r.at)}, {r.rows === null ? <span className="amber">failed</span> : `${count(r.rows)} ${r.rows === 1 ? 'row' : 'rows'}`}</small>
            </li>
          ))}
          {ran.length > 0 && <li><button type="button" className="quiet" onClick={clear}>Clear the history</button></li>}
        </ul>
      )}
      {tab === 'saved' && (
        <ul className="queries" aria-label="Saved queries">
          {saved.length === 0 && <li className="note">Save a query under a name; it is kept in this browser alone.</li>}
          {saved.map((s) => (
            <li key={s.name}>
              <button type="button" className="link" title={s.sql} onClick={() => open(s.sql)}>{s.name}</button>
              <small className="mono">{short(s.sql)}</small>
              <button type="button" className="quiet" aria-label={`Delete ${s.name}`} onClick={() => forget(s.name)}>delete</button>
            </li>
          ))}
        </ul>
      )}
    </aside>
  );
}
