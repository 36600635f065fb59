import { createColumnHelper, getCoreRowModel, getSortedRowModel, useReactTable, type SortingState } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, type ReactNode } from 'react';
import { compareNumbers, Exact } from '../api/exact';
import { count } from '../format';
import { useParam } from '../router';

export type Value = string | number | boolean | Exact | null;

export interface GridColumn<T> {
  id: string;
  name: string;
  note?: string; // below the name: a type
  value: (row: T) => Value; // what is sorted by and measured
  cell?: (row: T) => ReactNode; // what is shown; the value as text otherwise
  right?: boolean;
  width?: number; // in characters; measured otherwise
  grow?: boolean;
}

interface Given<T> {
  label: string;
  columns: GridColumn<T>[];
  rows: T[];
  rowKey: (row: T, index: number) => string;
  height?: number;
  sortParam?: string; // where the order stands in the address
  sorted?: string; // the order at first: "rows", "-rows"
  rowClass?: (row: T) => string;
  onRow?: (row: T) => void;
}

const rowHeight = 30;
const character = 7.6;

const text = (value: Value) => String(value);

// Of the first rows: measuring all of a million would take longer than showing them.
function widths<T>(columns: GridColumn<T>[], rows: T[]): number[] {
  const sample = rows.slice(0, 200);
  return columns.map((c) => {
    if (c.width) return c.width * character + 24;
    const longest = Math.max(c.name.length + 2, c.note?.length ?? 0, ...sample.map((r) => text(c.value(r)).length));
    return Math.min(c.grow ? 26 : 52, Math.max(6, longest)) * character + 26;
  });
}

// Rows by the hundred thousand: only those in sight are in the document. Sorted by a click on a head.
export function DataGrid<T>({ label, columns, rows, rowKey, height = 480, sortParam = 'sort', sorted = '', rowClass, onRow }: Given<T>) {
  const host = useRef<HTMLDivElement>(null);
  const [order, setOrder] = useParam(sortParam, sorted, { replace: true });
  const sorting = useMemo<SortingState>(() => (order ? [{ id: order.replace(/^-/, ''), desc: order.startsWith('-') }] : []), [order]);
  const defs = useMemo(() => {
    const helper = createColumnHelper<T>();
    return columns.map((c) => helper.accessor((row: T) => c.value(row) ?? undefined, { id: c.id, sortUndefined: 'last', sortingFn: (a, b, id) => compare(a.getValue(id), b.getValue(id)) }));
  }, [columns]);
  const table = useReactTable({ data: rows, columns: defs, state: { sorting }, autoResetAll: false, autoResetPageIndex: false, getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel() });
  const model = table.getRowModel().rows;
  const virtual = useVirtualizer({ count: model.length, getScrollElement: () => host.current, estimateSize: () => rowHeight, overscan: 12 });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const size = useMemo(() => widths(columns, rows), [columns, rows.length === 0, rows[0]]); // eslint-disable-line
  const total = size.reduce((a, b) => a + b, 0);
  const next = (id: string) => (order === id ? `-${id}` : order === `-${id}` && sorted !== id ? '' : id);
  return (
    <div className="grid" ref={host} tabIndex={0} role="region" aria-label={label} style={{ maxHeight: height }}>
      <table aria-rowcount={rows.length + 1} style={{ minWidth: total }}>
        <colgroup>{columns.map((c, i) => <col key={c.id} style={c.grow ? {} : { width: size[i] }} />)}{!columns.some((c) => c.grow) && <col />}</colgroup>
        <thead>
          <tr>
            {columns.map((c) => {
              const way = order === c.id ? 'ascending' : order === `-${c.id}` ? 'descending' : 'none';
              return (
                <th key={c.id} scope="col" className={c.right ? 'num' : ''} aria-sort={way}>
                  <button type="button" onClick={() => setOrder(next(c.id))}>
                    {c.name}
                    <i aria-hidden="true">{way === 'ascending' ? '↑' : way === 'descending' ? '↓' : ''}</i>
                  </button>
                  {c.note && <small>{c.note}</small>}
                </th>
              );
            })}
            {!columns.some((c) => c.grow) && <td aria-hidden="true" />}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
          {items.map((item) => {
            const row = model[item.index];
            if (!row) return null;
            const data = row.original;
            return (
              <tr
                key={rowKey(data, row.index)}
                aria-rowindex={item.index + 2}
                className={`${rowClass?.(data) ?? ''} ${onRow ? 'clickable' : ''}`}
                onClick={onRow ? (event) => { if (!(event.target as Element).closest('a, button')) onRow(data); } : undefined}
              >
                {columns.map((c) => {
                  const value = c.value(data);
                  return <td key={c.id} className={`${c.right ? 'num' : ''} ${value === null ? 'null' : ''}`} title={c.cell ? undefined : text(value)}>{c.cell ? c.cell(data) : text(value)}</td>;
                })}
                {!columns.some((c) => c.grow) && <td aria-hidden="true" />}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
        </tbody>
      </table>
      {rows.length > 1000 && <span className="sr">{count(rows.length)} rows</span>}
    </div>
  );
}

export function compare(a: unknown, b: unknown): number {
  if ((typeof a === 'number' || a instanceof Exact) && (typeof b === 'number' || b instanceof Exact)) return compareNumbers(a, b);
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
