import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { Figure } from '../live/windows';
import { compact, measured, windowTime } from '../format';

export interface Point {
  time: number; // ms
  value: Figure;
  open: boolean;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(width: number, height: number, size: number, hover: (i: number | null) => void): uPlot.Options {
  const ink = color('--ink-soft');
  const grid = { stroke: color('--line'), width: 1 };
  const font = '11px "Inter Variable", sans-serif';
  const bars = uPlot.paths.bars as NonNullable<typeof uPlot.paths.bars>;
  const paths = bars({ size: [0.82, 28, 1], align: 1 });
  return {
    width,
    height,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: (_u, min, max) => [min, max + size / 1000] },
      y: { range: (_u, min, max) => [Math.min(0, min * 1.08), (max > 0 || min < 0 ? max : 1) * 1.08] },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font, size: 24, values: (_u, ticks) => ticks.map((t) => windowTime(t * 1000, size)), space: 76 },
      { stroke: ink, grid, ticks: { show: false }, font, size: 48, values: (_u, ticks) => ticks.map((t) => (Number.isInteger(t) ? compact(t) : String(+t.toPrecision(3)))), space: 32 },
    ],
    series: [
      {},
      { fill: color('--accent'), stroke: color('--accent'), width: 0, paths, points: { show: false } },
      { fill: color('--accent-faint'), stroke: color('--accent'), width: 1, paths, points: { show: false } },
    ],
    hooks: { setCursor: [(u) => hover(u.cursor.idx ?? null)] },
  };
}

// Bars by window: filled when final, hollow while the window is open.
export function TimeChart({ points, size, label, unit }: { points: Point[]; size: number; label: string; unit: string }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);

  useEffect(() => {
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setTheme((n) => n + 1);
    scheme.addEventListener('change', changed);
    return () => scheme.removeEventListener('change', changed);
  }, []);

  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const chart = new uPlot(options(box.clientWidth, 168, size, setHovered), [[], [], []], box);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 168 }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [size, theme]);

  useEffect(() => {
    plot.current?.setData([
      points.map((p) => p.time / 1000),
      points.map((p) => (p.open || p.value === null ? null : Number(p.value))),
      points.map((p) => (p.open && p.value !== null ? Number(p.value) : null)),
    ]);
  }, [points, size, theme]);

  const shown = (hovered === null ? undefined : points[hovered]) ?? points.at(-1);
  return (
    <figure className="chart">
      <figcaption>
        <strong>{label}</strong>
        {shown && (
          <span className="note">
            {windowTime(shown.time, size)} · <span className="num">{measured(shown.value)}</span> {unit}
            {shown.open && ' so far (open)'}
          </span>
        )}
      </figcaption>
      <div ref={host} className="plot" role="img" aria-label={`${label}: ${points.length} windows, newest ${shown ? measured(shown.value) : 'none'}`} />
    </figure>
  );
}
