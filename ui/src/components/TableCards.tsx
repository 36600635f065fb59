import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Table } from '../api/types';
import { age, bytes, compact, count } from '../format';
import { useLive } from '../live/stream';
import { Empty, ErrorBox, Skeleton } from './States';
import { Why } from './Why';

function Card({ table }: { table: Table }) {
  const live = useLive();
  return (
    <li className="card" data-table={table.name}>
      <div className="card-head">
        <h3>{table.name}</h3>
        <Why label={table.name} text={<>Delta table, {table.columns.length} columns, partitioned by {table.partition_by.join(', ') || 'nothing'}; any Delta reader opens it: <span className="why-line">{table.path}</span></>} commands={[`tarn table describe ${table.name}`, `tarn table history ${table.name}`, `tarn sql "select count(*) from ${table.name}"`]} />
      </div>
      <div className="card-value">
        {table.rows === null ? 'rows not known' : count(table.rows)}
        {table.rows !== null && <small> rows</small>}
      </div>
      <div className="card-rate">{table.rows_per_second === null ? '\u00a0' : `+${compact(table.rows_per_second)} /s`}</div>
      <dl>
        <div><dt>Files</dt><dd>{count(table.files)}</dd></div>
        <div><dt>Size</dt><dd>{bytes(table.bytes)}</dd></div>
        <div><dt>Version</dt><dd>{count(table.version)}</dd></div>
        <div><dt>Last commit</dt><dd>{age(live.now() - Date.parse(table.last_commit))}</dd></div>
      </dl>
    </li>
  );
}

export function TableCards() {
  const query = useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => get('/api/v1/tables', undefined, signal) });
  return (
    <section className="panel" aria-labelledby="tables-title">
      <div className="panel-head">
        <h2 id="tables-title">Tables</h2>
        <Why label="tables" text="Delta tables in the data folder, written by flows, read by any engine." commands={['tarn table list']} />
      </div>
      {query.isPending && <Skeleton rows={3} />}
      {query.error && !query.data && <ErrorBox error={query.error} retry={() => void query.refetch()} />}
      {query.data?.tables.length === 0 && (
        <Empty title="No tables yet" command="tarn demo">
          A topic with a table in tarn.yml gets one at the next start; the demo has three.
        </Empty>
      )}
      <ul className="cards">{query.data?.tables.map((table) => <Card key={table.name} table={table} />)}</ul>
      {query.data?.failed?.map((f) => (
        <p className="reason" key={f.name}>{`${f.name}: ${f.message}`}</p>
      ))}
    </section>
  );
}
