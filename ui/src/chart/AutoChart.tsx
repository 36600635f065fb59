import { useMemo } from 'react';
import { compact, count, save } from '../format';
import { useParam } from '../router';
import { color } from './Lines';
import { barData, plan, sets, timeData, type BarData, type ColumnOf, type Plan, type Value } from './infer';
import { Lines } from './Lines';

function barsPng(data: BarData, label: string): void {
  const canvas = document.createElement('canvas');
  canvas.width = 1200;
  canvas.height = 60 + data.bars.length * 32;
  const c = canvas.getContext('2d');
  if (!c) return;
  const max = Math.max(1e-9, ...data.bars.map((b) => b.value));
  c.fillStyle = color('--surface');
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.fillStyle = color('--ink');
  c.font = '600 22px "Inter Variable", sans-serif';
  c.fillText(label, 20, 34);
  c.font = '18px "Inter Variable", sans-serif';
  data.bars.forEach((bar, i) => {
    const y = 54 + i * 32;
    c.fillStyle = color('--accent');
    c.fillRect(320, y, (bar.value / max) * 700, 20);
    c.fillStyle = color('--ink');
    c.fillText(bar.name.slice(0, 32), 20, y + 17);
    c.fillText(count(bar.value), 330 + (bar.value / max) * 700, y + 17);
  });
  canvas.toBlob((blob) => blob && save(`${label.replaceAll(/[^\w.-]+/g, '-')}.png`, blob));
}

function BarChart({ data, label }: { data: BarData; label: string }) {
  const max = Math.max(1e-9, ...data.bars.map((b) => b.value));
  return (
    <figure className="chart bars">
      <figcaption>
        <strong>{label}</strong>
        <button type="button" className="quiet" onClick={() => barsPng(data, label)}>PNG</button>
      </figcaption>
      <table>
        <tbody>
          {data.bars.map((b) => (
            <tr key={b.name}>
              <th scope="row" title={b.name}>{b.name}</th>
              <td>
                <svg className="hbar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
                  <rect className="solid" x="0" y="2" height="9" width={Math.max(0, (b.value / max) * 100)} />
                </svg>
              </td>
              <td className="num">{Number.isInteger(b.value) ? count(b.value) : compact(b.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.left > 0 && <p className="note">and {data.left} smaller, not drawn</p>}
    </figure>
  );
}

function Drawn({ columns, rows, p, openFrom }: { columns: ColumnOf[]; rows: Value[][]; p: Plan; openFrom: number | null }) {
  const charts = useMemo(
    () => p.measures.slice(0, 6).map((m) => ({ m, data: p.kind === 'time' ? timeData(columns, rows, p, m) : barData(columns, rows, p, m) })),
    [columns, rows, p],
  );
  return (
    <div className="charts">
      {charts.map(({ m, data }) =>
        data.kind === 'time' ? <Lines key={m} label={m} times={data.times} series={data.series} left={data.left} openFrom={openFrom} /> : <BarChart key={m} label={`${m} by ${p.x}`} data={data} />,
      )}
    </div>
  );
}

// Charts of rows whose columns say how; says so where they do not. `choices` names the grouping sets when not all of
// them are among the rows; `openFrom`, in ms, the time from which on they may still change.
export function AutoChart({ columns, rows, keyColumns = [], choices: given, openFrom = null }: { openFrom?: number | null; columns: ColumnOf[]; rows: Value[][]; keyColumns?: string[]; choices?: { value: string; name: string }[] }) {
  const [by, setBy] = useParam('by', '');
  const shape = columns.map((c) => `${c.name} ${c.type}`).join();
  const p = useMemo(() => plan(columns, keyColumns), [shape, keyColumns.join()]); // eslint-disable-line
  const choices = useMemo(() => given ?? (p ? sets(columns, rows, p) : []), [p, rows, given]); // eslint-disable-line
  const chosen = choices.find((c) => c.value === by)?.value ?? choices[0]?.value;
  const shown = useMemo(() => {
    if (!p || p.set === null || chosen === undefined) return rows;
    const at = columns.findIndex((c) => c.name === p.set);
    return rows.filter((r) => String(r[at]) === chosen);
  }, [rows, chosen, p]); // eslint-disable-line
  if (!p) return <p className="note">These columns hold no number to draw over a time or a category. The rows are in the table.</p>;
  return (
    <>
      {choices.length > 1 && (
        <div className="ranges" role="group" aria-label="Grouping">
          {choices.map((c) => (
            <button key={c.value} type="button" aria-pressed={c.value === chosen} onClick={() => setBy(c.value)}>{c.name}</button>
          ))}
        </div>
      )}
      <Drawn columns={columns} rows={shown} p={p} openFrom={openFrom} />
    </>
  );
}
