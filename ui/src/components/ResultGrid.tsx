import { useMemo } from 'react';
import type { SqlResult } from '../api/types';
import { DataGrid, type GridColumn } from './DataGrid';

export type Scalar = string | number | boolean | null;
export const numeric = (type: string) => /^(U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|DOUBLE|FLOAT|REAL|DECIMAL)/i.test(type);

// A value as one cell; what is nested stands as JSON.
export function scalar(value: unknown): Scalar {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : (value as Scalar);
}

// Rows of a result, as lists in the order of its columns.
export function listed(result: SqlResult): Scalar[][] {
  return result.rows.map((row) => result.columns.map((c) => scalar(row[c.name])));
}

export function RowGrid({ columns, rows, label, height, sortParam = 'order' }: { columns: { name: string; type: string }[]; rows: Scalar[][]; label: string; height?: number; sortParam?: string }) {
  const defs = useMemo<GridColumn<Scalar[]>[]>(
    () => columns.map((c, i) => ({ id: `${c.name}`, name: c.name, note: c.type.toLowerCase(), value: (r) => r[i] ?? null, right: numeric(c.type) })),
    [columns.map((c) => c.name).join()], // eslint-disable-line
  );
  return <DataGrid label={label} columns={defs} rows={rows} rowKey={(_r, i) => String(i)} sortParam={sortParam} {...(height ? { height } : {})} />;
}

export function ResultGrid({ result, height }: { result: SqlResult; height?: number }) {
  const rows = useMemo(() => listed(result), [result]);
  return <RowGrid label="Result" columns={result.columns} rows={rows} {...(height ? { height } : {})} />;
}
