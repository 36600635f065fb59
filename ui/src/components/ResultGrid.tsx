import { useMemo } from 'react';
import { Exact, write } from '../api/exact';
import type { SqlResult } from '../api/types';
import { DataGrid, type GridColumn, type Value } from './DataGrid';

// Instants are shown in UTC, and say so.
export const inUtc = (type: string) => /^TIMESTAMP( WITH TIME ZONE|TZ)$/i.test(type);
export const typeNote = (type: string) => (inUtc(type) ? 'timestamptz, UTC' : type.toLowerCase());

export type Scalar = Value;
export const numeric = (type: string) => /^(U?(TINY|SMALL|BIG|HUGE)?INT|INTEGER|UINTEGER|DOUBLE|FLOAT|REAL|DECIMAL)/i.test(type);

// Digits after the point that a type has: all of them are shown, as of money.
const scaleOf = (type: string) => Number(/^DECIMAL\(\d+,\s*(\d+)\)$/i.exec(type)?.[1] ?? 0);

function padded(number: string, scale: number): Exact {
  const [whole, fraction = ''] = number.split('.');
  return new Exact(`${whole}.${fraction.padEnd(scale, '0')}`);
}

// A value as one cell; what is nested stands as JSON.
export function scalar(value: unknown, scale = 0): Scalar {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' && scale > 0) return padded(String(value), scale);
  return typeof value === 'object' && !(value instanceof Exact) ? write(value) : (value as Scalar);
}

// Rows of a view as cells.
export function cells(columns: { type: string }[], rows: unknown[][]): Scalar[][] {
  const scales = columns.map((c) => scaleOf(c.type));
  return rows.map((row) => row.map((value, i) => scalar(value, scales[i])));
}

// Rows of a result, as lists in the order of its columns.
export function listed(result: SqlResult): Scalar[][] {
  return cells(result.columns, result.rows.map((row) => result.columns.map((c) => row[c.name])));
}

export function RowGrid({ columns, rows, label, height, sortParam = 'order' }: { columns: { name: string; type: string }[]; rows: Scalar[][]; label: string; height?: number; sortParam?: string }) {
  const defs = useMemo<GridColumn<Scalar[]>[]>(
    () => columns.map((c, i) => ({ id: `${c.name}`, name: c.name, note: typeNote(c.type), value: (r) => r[i] ?? null, right: numeric(c.type) })),
    [columns.map((c) => c.name).join()], // eslint-disable-line
  );
  return <DataGrid label={label} columns={defs} rows={rows} rowKey={(_r, i) => String(i)} sortParam={sortParam} {...(height ? { height } : {})} />;
}

export function ResultGrid({ result, height }: { result: SqlResult; height?: number }) {
  const rows = useMemo(() => listed(result), [result]);
  return <RowGrid label="Result" columns={result.columns} rows={rows} {...(height ? { height } : {})} />;
}
