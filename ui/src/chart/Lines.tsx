import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import { clockTime, compact, moment, save } from '../format';
import type { Series } from './infer';

export const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Counts each change of the system's light or dark setting.
export function useScheme(): number {
  const [scheme, set] = useState(0);
  useEffect(() => {
    const media = window.matchMedia('(prefers-color-scheme: dark)');
    const changed = () => set((n) => n + 1);
    media.addEventListener('change', changed);
    return () => media.removeEventListener('change', changed);
  }, []);
  return scheme;
}

export const seriesColor = (i: number) => `--series-${i + 1}`;
const dashes = [[], [6, 3], [2, 3], [10, 4], [6, 3, 2, 3], [], [6, 3], [2, 3]];

interface Setting {
  width: number;
  height: number;
  names: string[];
  unit: (n: number) => string;
  hover: (i: number | null) => void;
  area: boolean;
  step: boolean;
  openFrom: () => number | null; // ms
}

// A field behind what may still change: from the newest point that is final.
function drawOpen(u: uPlot, from: number | null): void {
  const times = u.data[0];
  if (from === null || (times.at(-1) ?? -Infinity) < from / 1000) return;
  const { left, top, width, height } = u.bbox;
  const final = Array.from(times).filter((t) => t < from / 1000).at(-1);
  const x = final === undefined ? left : Math.max(left, u.valToPos(final, 'x', true));
  if (!(x < left + width)) return;
  u.ctx.save();
  u.ctx.fillStyle = color('--accent-faint');
  u.ctx.globalAlpha = 0.7;
  u.ctx.fillRect(x, top, left + width - x, height);
  u.ctx.restore();
}

function options({ width, height, names, unit, hover, area, step, openFrom }: Setting): uPlot.Options {
  const ink = color('--ink-soft');
  const font = '11px "Inter Variable", sans-serif';
  const stepped = uPlot.paths.stepped as NonNullable<typeof uPlot.paths.stepped>;
  return {
    width,
    height,
    padding: [8, 30, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, Math.max(1e-9, max ?? 1) * 1.08] } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font, size: 24, space: 84, incrs: secondsUp, values: (u, ticks) => ticks.map((t) => timeTick(t * 1000, u)) },
      { stroke: ink, grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font, size: 56, space: 32, values: (_u, ticks) => ticks.map(unit) },
    ],
    series: [
      {},
      ...names.map((_, i) => ({
        stroke: color(seriesColor(i)),
        width: 1.75,
        dash: dashes[i % dashes.length] ?? [],
        points: { show: false },
        ...(area ? { fill: color('--accent-faint') } : {}),
        ...(step ? { paths: stepped({ align: 1 }) } : {}),
      })),
    ],
    hooks: { setCursor: [(u) => hover(u.cursor.idx ?? null)], drawClear: [(u) => drawOpen(u, openFrom())] },
  };
}

// Whole seconds at least: finer ticks would all read the same.
const secondsUp = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000];

function timeTick(ms: number, u: uPlot): string {
  const seconds = (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0);
  const text = moment(ms);
  return seconds > 2 * 86_400 ? text.slice(5, 10) : seconds > 3600 ? text.slice(5, 16) : clockTime(ms);
}

interface Given {
  times: number[]; // ms
  series: Series[];
  label: string;
  unit?: (n: number) => string;
  height?: number;
  area?: boolean;
  step?: boolean;
  left?: number;
  tools?: boolean;
  openFrom?: number | null; // ms: from here on the windows are open, and may still change
}

// Lines over time. The legend says each series' value under the pointer, or the newest; a PNG has the same.
export function Lines({ times, series, label, unit = compact, height = 200, area = false, step = false, left = 0, tools = true, openFrom = null }: Given) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const scheme = useScheme();
  const open = useRef(openFrom);
  open.current = openFrom;
  const names = series.map((s) => s.name).join('\u0000');
  const data = useMemo(() => [times.map((t) => t / 1000), ...series.map((s) => s.values)] as uPlot.AlignedData, [times, series]);

  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const chart = new uPlot(options({ width: box.clientWidth, height, names: names === '' ? [] : names.split('\u0000'), unit, hover: setHovered, area, step, openFrom: () => open.current }), data, box);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [names, scheme, height, area, step]); // eslint-disable-line

  useEffect(() => {
    plot.current?.setData(data);
  }, [data, openFrom]);

  const at = hovered !== null && hovered < times.length ? hovered : times.length - 1;
  return (
    <figure className="chart">
      <figcaption>
        <strong>{label}</strong>
        {tools && <button type="button" className="quiet" onClick={() => png(plot.current, label, series.map((s) => s.name))}>PNG</button>}
      </figcaption>
      <div ref={host} className="plot" style={{ height }} role="img" aria-label={`${label}: ${series.length} lines over ${times.length} times`} />
      <ul className="key">
        {series.map((s, i) => (
          <li key={s.name}>
            <svg width="18" height="8" aria-hidden="true"><line x1="0" x2="18" y1="4" y2="4" stroke={`var(${seriesColor(i)})`} strokeWidth="2" strokeDasharray={(dashes[i % dashes.length] ?? []).join(' ')} /></svg>
            <span title={s.name}>{s.name}</span>
            <b>{s.values[at] === null || s.values[at] === undefined ? '–' : unit(s.values[at] as number)}</b>
          </li>
        ))}
        {left > 0 && <li className="note">and {left} smaller, not drawn</li>}
        {openFrom !== null && openFrom <= (times.at(-1) ?? -Infinity) && <li className="note" data-open><i className="open-field" aria-hidden="true" /> open windows: may still change</li>}
        {times[at] !== undefined && <li className="note">{moment(times[at])}</li>}
      </ul>
    </figure>
  );
}

// The chart as it stands, with its title and the names of its lines, on the page's own surface.
function png(chart: uPlot | null, label: string, names: string[]): void {
  if (!chart) return;
  const from = chart.ctx.canvas;
  const ratio = window.devicePixelRatio || 1;
  const head = 28 * ratio;
  const foot = 24 * ratio;
  const canvas = document.createElement('canvas');
  canvas.width = from.width;
  canvas.height = from.height + head + foot;
  const c = canvas.getContext('2d');
  if (!c) return;
  c.fillStyle = color('--surface');
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.drawImage(from, 0, head);
  c.fillStyle = color('--ink');
  c.font = `600 ${13 * ratio}px "Inter Variable", sans-serif`;
  c.fillText(label, 12 * ratio, 18 * ratio);
  c.font = `${11 * ratio}px "Inter Variable", sans-serif`;
  let x = 12 * ratio;
  names.forEach((name, i) => {
    c.fillStyle = color(seriesColor(i));
    c.fillRect(x, canvas.height - 14 * ratio, 14 * ratio, 3 * ratio);
    c.fillStyle = color('--ink-soft');
    c.fillText(name, x + 18 * ratio, canvas.height - 9 * ratio);
    x += 30 * ratio + c.measureText(name).width;
  });
  canvas.toBlob((blob) => blob && save(`${label.replaceAll(/[^\w.-]+/g, '-')}.png`, blob));
}
