// JSON whose numbers keep every digit. A number that a double cannot hold stays as the text it came as; all others are
// numbers. `JSON.parse` tells a reviver the text of a number in new browsers alone, so such numbers pass it as texts that
// begin with a mark, and texts that begin with the mark get a second one.
export class Exact {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
  valueOf(): number {
    return Number(this.text);
  }
}

const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/g;
const mark = '\u0001';
const written = String.raw`"\u0001`;
const long = /[\d.]{16}|0\.0{6}|\d[eE][+-]?\d{3}/; // all other numbers are doubles, and written as they came

const zeros = /\.\d*0(?!\d)/;

// The digits that count: 1.50e3 and 1500 have the same.
const digits = (number: string) => number.replace(/[eE].*$/, '').replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
function fits(number: string): boolean {
  const double = String(Number(number));
  return digits(number) === digits(double) && (!double.includes('e') || /e/i.test(number));
}

// `asWrittenFrom`: so deep inside arrays and objects also a number that ends in zeros keeps them, since a decimal within
// a nested value has no column that says its scale.
export function parse(json: string, asWrittenFrom = Infinity): unknown {
  const within = asWrittenFrom < Infinity && zeros.test(json);
  if (!within && !long.test(json)) return JSON.parse(json);
  let depth = 0;
  const marked = json.replace(token, (found: string, isKey: string | undefined) => {
    if (found.startsWith('"')) return !isKey && found.startsWith(written) ? `"\\u0001${found.slice(1)}` : found;
    if (found === '{' || found === '[') depth += 1;
    if (found === '}' || found === ']') depth -= 1;
    if (/^[{}[\]]/.test(found)) return found;
    const kept = fits(found) && !(depth >= asWrittenFrom && zeros.test(found));
    return kept ? found : `${written}${found}"`;
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    return value[1] === mark ? value.slice(1) : new Exact(value.slice(1));
  });
}

export function write(value: unknown): string {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map((v) => write(v)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${fields.map(([name, v]) => `${JSON.stringify(name)}:${write(v)}`).join(',')}}`;
}

// What JSON is made of, each number and text as it was written. Fails where it is no JSON.
function parts(json: string): string[] {
  JSON.parse(json);
  return json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
}

// JSON without spaces, and on lines.
export const dense = (json: string) => parts(json).join('');
export function indented(json: string): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  const all = parts(json);
  all.forEach((part, i) => {
    const empty = all[i - 1] === '{' || all[i - 1] === '[';
    if (part === '{' || part === '[') {
      depth += 1;
      out += part + (all[i + 1] === '}' || all[i + 1] === ']' ? '' : line());
    } else if (part === '}' || part === ']') {
      depth -= 1;
      out += (empty ? '' : line()) + part;
    } else out += part === ',' ? part + line() : part === ':' ? ': ' : part;
  });
  return out;
}

export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' ? value : value instanceof Exact ? Number(value.text) : null;

// By size, to the last digit.
export function compareNumbers(a: number | Exact, b: number | Exact): number {
  const byDouble = Number(a) - Number(b);
  if (byDouble !== 0 && !Number.isNaN(byDouble)) return byDouble;
  const [x = '', y = ''] = [String(a), String(b)];
  if (/[a-z]/i.test(x + y)) return 0;
  const fraction = (text: string) => text.split('.')[1] ?? '';
  const places = Math.max(fraction(x).length, fraction(y).length);
  const scaled = (text: string) => BigInt((text.split('.')[0] ?? '') + fraction(text).padEnd(places, '0'));
  const [m, n] = [scaled(x), scaled(y)];
  return m < n ? -1 : m > n ? 1 : 0;
}
