import { useMemo } from 'react';
import type { Run } from '../api/types';
import { bytes, count, milliseconds, moment } from '../format';
import { address, Link } from '../router';
import { DataGrid, type GridColumn } from './DataGrid';

export function RunGrid({ runs, showFlow, height = 560 }: { runs: Run[]; showFlow: boolean; height?: number }) {
  const columns = useMemo<GridColumn<Run>[]>(() => [
    { id: 'started', name: 'Started', value: (r) => r.started, cell: (r) => moment(r.started, true), width: 25 },
    ...(showFlow ? [{ id: 'flow', name: 'Flow', value: (r: Run) => r.flow, cell: (r: Run) => <Link className="mono" to={address('/flow', { name: r.flow })}>{r.flow}</Link>, width: 28 }] : []),
    { id: 'batch', name: 'Batch', value: (r) => r.batch_id, cell: (r) => count(r.batch_id), right: true, width: 9 },
    { id: 'rows_in', name: 'Rows in', value: (r) => r.rows_in, cell: (r) => count(r.rows_in), right: true, width: 10 },
    { id: 'rows_out', name: 'Rows out', value: (r) => r.rows_out, cell: (r) => count(r.rows_out), right: true, width: 10 },
    { id: 'bytes', name: 'Bytes in', value: (r) => r.bytes_in, cell: (r) => bytes(r.bytes_in), right: true, width: 10 },
    { id: 'elapsed', name: 'Elapsed', value: (r) => r.elapsed_ms, cell: (r) => milliseconds(r.elapsed_ms), right: true, width: 10 },
    { id: 'cpu', name: 'CPU', value: (r) => r.cpu_ms, cell: (r) => milliseconds(r.cpu_ms), right: true, width: 10 },
    { id: 'outcome', name: 'Outcome', value: (r) => r.outcome, cell: (r) => <span className={r.outcome === 'committed' ? '' : 'amber'}>{r.outcome}</span>, grow: true },
  ], [showFlow]);
  return <DataGrid label="Runs" columns={columns} rows={runs} rowKey={(r) => `${r.flow} ${r.batch_id}`} height={height} sorted="-started" sortParam="runs" />;
}
