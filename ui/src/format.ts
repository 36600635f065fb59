// Numbers for people: units last, tabular, never more digits than mean something.
import { Exact, write } from './api/exact';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const unknownMark = '–';

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? unknownMark : whole.format(n);
}

// 1,234 below ten thousand, then 12.3 k, 4.56 M: three digits that mean something.
export function compact(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknownMark;
  const size = Math.abs(n);
  if (size < 10) return Number.isInteger(n) ? String(n) : n.toFixed(1);
  if (size < 10_000) return whole.format(n);
  if (size >= 1e15) return n.toExponential(2);
  for (const [unit, sign] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const) {
    if (size >= unit) {
      const v = n / unit;
      return `${v.toFixed(Math.abs(v) < 10 ? 2 : Math.abs(v) < 100 ? 1 : 0)} ${sign}`;
    }
  }
  return whole.format(n);
}

// A figure of somebody's data: whole numbers to the last digit, others to six that mean something.
const digits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 20 });
const six = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });
export function measured(n: number | Exact | null | undefined): string {
  if (n === null || n === undefined) return unknownMark;
  if (n instanceof Exact) return digits.format(n.text as unknown as number);
  return Number.isInteger(n) ? whole.format(n) : six.format(n);
}

// The same where there is little room: what is long is shortened.
export function brief(n: number | Exact | null): string {
  const text = measured(n);
  return text.length > 10 ? compact(Number(n)) : text;
}

// Per second; slow ones keep a digit, so that what trickles is not nothing.
export function rate(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknownMark;
  if (n === 0) return '0 /s';
  return n < 0.1 ? '<0.1 /s' : `${n < 10 ? n.toFixed(1) : compact(Math.round(n))} /s`;
}

export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknownMark;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let v = n;
  let i = 0;
  while (v >= 1000 && i < units.length - 1) {
    v /= 1000;
    i += 1;
  }
  return `${i === 0 ? v : v.toFixed(v < 10 ? 2 : v < 100 ? 1 : 0)} ${units[i]}`;
}

export function milliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return unknownMark;
  if (ms < 0) return `-${milliseconds(-ms)}`;
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return span(ms / 1000);
}

export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

export function age(ms: number): string {
  if (ms < 0) return 'just now';
  if (ms < 1000) return `${Math.round(ms / 10) * 10} ms ago`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s ago`;
  return `${span(ms / 1000)} ago`;
}

// A length of time in the largest unit that divides it: 300,000 is "5 min".
export function period(ms: number): string {
  for (const [unit, sign] of [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']] as const) if (ms >= unit && ms % unit === 0) return `${ms / unit} ${sign}`;
  return `${ms} ms`;
}

// When a window of so many ms begins, as fine as tells it from the next one; local time.
export function windowTime(start: number, size: number): string {
  const text = moment(start);
  return size < 60_000 ? clockTime(start) : size < 3_600_000 ? text.slice(11, 16) : size < 86_400_000 ? text.slice(5, 16) : text.slice(0, 10);
}

// Local clock time of an instant.
export function clockTime(instant: string | number): string {
  return new Date(instant).toLocaleTimeString('en-GB', { hour12: false });
}

export function csv(columns: string[], rows: unknown[][]): string {
  const cell = (v: unknown) => {
    if (v === null || v === undefined) return '';
    const text = typeof v === 'object' ? write(v) : String(v);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

export function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Date and local time to the second; milliseconds where they are asked for.
export function moment(instant: string | number, fine = false): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return String(instant);
  const two = (n: number) => String(n).padStart(2, '0');
  const text = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return fine ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
}
