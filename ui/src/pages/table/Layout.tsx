import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from '../../api/client';
import type { Table, TableFile, TableLayout } from '../../api/types';
import { DataGrid, type GridColumn } from '../../components/DataGrid';
import { Fact, Facts } from '../../components/NodeHead';
import { Before, Empty } from '../../components/States';
import { bytes, count, moment } from '../../format';
import { meanFile, partitionName, sizeRanges } from '../../live/tables';
import { address, Link } from '../../router';

const wait = 10_000; // ms from one look at the files to the next

function Bar({ share }: { share: number }) {
  return <svg className="hbar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect className="solid" x="0" y="2" height="9" width={Math.max(share > 0 ? 0.6 : 0, share * 100)} /></svg>;
}

function Sizes({ layout }: { layout: TableLayout }) {
  const ranges = useMemo(() => sizeRanges(layout, (n) => bytes(n).replace('.00', '').replace('.0 ', ' ')), [layout]);
  const most = Math.max(1, ...ranges.map((r) => r.files));
  return (
    <div className="bars sizes" role="region" aria-label="Sizes of files">
      <h3>Files by size</h3>
      <table>
        <thead><tr><th scope="col">Size of a file</th><th scope="col"><span className="sr">Share</span></th><th scope="col" className="num">files</th><th scope="col" className="num">bytes</th></tr></thead>
        <tbody>{ranges.map((r) => <tr key={r.name} data-small={r.small}><th scope="row">{r.name}{r.small && <small> small</small>}</th><td><Bar share={r.files / most} /></td><td className="num">{count(r.files)}</td><td className="num soft">{bytes(r.bytes)}</td></tr>)}</tbody>
      </table>
      <p className="note">OPTIMIZE makes files of about {bytes(layout.target_bytes)}</p>
    </div>
  );
}

type Partition = TableLayout['partitions'][number];

function Partitions({ layout }: { layout: TableLayout }) {
  const most = Math.max(1, ...layout.partitions.map((p) => p.bytes));
  const columns = useMemo<GridColumn<Partition>[]>(() => [
    { id: 'partition', name: 'Partition', value: (p) => partitionName(layout.partition_by, p.values), cell: (p) => <span className="mono">{partitionName(layout.partition_by, p.values)}</span> },
    { id: 'share', name: 'Bytes', value: (p) => p.bytes, cell: (p) => <Bar share={p.bytes / most} />, grow: true },
    { id: 'bytes', name: 'Size', value: (p) => p.bytes, cell: (p) => bytes(p.bytes), right: true, width: 9 },
    { id: 'files', name: 'Files', value: (p) => p.files, cell: (p) => count(p.files), right: true, width: 7 },
    { id: 'rows', name: 'Rows', value: (p) => p.rows, cell: (p) => count(p.rows), right: true, width: 10 },
    { id: 'mean', name: 'Mean file', value: (p) => meanFile(p), cell: (p) => bytes(Math.round(meanFile(p) ?? 0)), right: true, width: 10 },
    { id: 'deleted', name: 'Deleted', value: (p) => p.deleted_rows, cell: (p) => (p.deleted_rows ? count(p.deleted_rows) : ''), right: true, width: 8 },
  ], [layout.partition_by, most]);
  if (layout.partition_count === 0) return <div><h3>Partitions</h3><p className="note">{layout.partition_by.length === 0 ? 'The table has none: all files lie together.' : 'None has files yet.'}</p></div>;
  const left = layout.partition_count - layout.partitions.length;
  return (
    <div>
      <h3>{count(layout.partition_count)} partitions, by bytes</h3>
      <DataGrid label="Partitions" columns={columns} rows={layout.partitions} rowKey={(p) => p.values.map((v) => v ?? '\u0000').join('/')} height={392} sortParam="partitions" sorted="-share" />
      {left > 0 && <p className="note list-note" data-left>and {count(left)} smaller ones: {count(layout.others.files)} files, {bytes(layout.others.bytes)}, {layout.others.rows === null ? 'rows not counted' : `${count(layout.others.rows)} rows`}</p>}
    </div>
  );
}

function List({ table }: { table: Table }) {
  const query = useInfiniteQuery({
    queryKey: ['files', table.name],
    queryFn: ({ pageParam, signal }) => get('/api/v1/tables/{name}/files', { path: { name: table.name }, query: { limit: 500, ...(pageParam ? { after: pageParam } : {}) } }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    retry: false,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((p) => p.files) ?? [], [query.data]);
  const columns = useMemo<GridColumn<TableFile>[]>(() => [
    { id: 'modified', name: 'Written', value: (f) => f.modified, cell: (f) => moment(f.modified, true), width: 25 },
    ...table.partition_by.map((p): GridColumn<TableFile> => ({ id: `p-${p}`, name: p, value: (f) => f.partition[p] ?? null, width: 12 })),
    { id: 'rows', name: 'Rows', value: (f) => f.rows, cell: (f) => count(f.rows), right: true, width: 10 },
    { id: 'deleted', name: 'Deleted', value: (f) => f.deleted_rows, cell: (f) => (f.deleted_rows ? count(f.deleted_rows) : ''), right: true, width: 8 },
    { id: 'bytes', name: 'Size', value: (f) => f.bytes, cell: (f) => bytes(f.bytes), right: true, width: 10 },
    { id: 'path', name: 'Path', value: (f) => f.path, cell: (f) => <span className="mono">{f.path}</span>, grow: true },
  ], [table.partition_by]);
  return (
    <div>
      <h3>The files</h3>
      <Before query={query} rows={8} />
      {rows.length > 0 && <DataGrid label="Files" columns={columns} rows={rows} rowKey={(f) => f.path} sorted="-modified" sortParam="files" />}
      {query.data && <p className="note list-note">{count(rows.length)} of {count(table.files)} files of version {count(query.data.pages[0]?.version)} {query.hasNextPage && <button type="button" className="quiet" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>more</button>}</p>}
    </div>
  );
}

// How the rows lie in files: partitions by bytes, files by size, then each file.
export function Layout({ table }: { table: Table }) {
  const { name } = table;
  const query = useQuery({ queryKey: ['layout', name], queryFn: ({ signal }) => get('/api/v1/tables/{name}/layout', { path: { name } }, signal), refetchInterval: wait, retry: false });
  const layout = query.data;
  if (!layout) return <Before query={query} rows={8} />;
  const { all } = layout;
  if (all.files === 0) return <Empty title="No files yet">The first commit with rows writes one.</Empty>;
  const small = all.small / all.files;
  return (
    <div className="stack">
      <Facts from={`Of the live files of version ${layout.version}; read again every ${wait / 1000} s.`} commands={[`curl http://${location.host}/api/v1/tables/${name}/layout`]}>
        <Fact name="Files" value={count(all.files)} />
        <Fact name="Size" value={bytes(all.bytes)} />
        <Fact name="Mean file" value={bytes(Math.round(meanFile(all) ?? 0))} />
        <Fact name="Small files" value={`${count(all.small)}, ${Math.round(small * 100)} %`} />
        <Fact name="With deletion vectors" value={count(all.vectors)} />
        <Fact name="Rows they hide" value={count(all.deleted_rows)} />
      </Facts>
      {all.small > 50 && small > 0.5 && <p className="verdict warn"><b>Look:</b> {count(all.small)} of {count(all.files)} files are far smaller than they could be. <Link to={address('/table', { name, tab: 'care' })}>See what OPTIMIZE would do</Link></p>}
      <div className="layout-page">
        <Partitions layout={layout} />
        <Sizes layout={layout} />
      </div>
      <List table={table} />
    </div>
  );
}
