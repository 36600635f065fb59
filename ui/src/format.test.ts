import { describe, expect, it } from 'vitest';
import { Exact } from './api/exact';
import { age, brief, bytes, compact, csv, measured, milliseconds, period, span, windowTime } from './format';

describe('format', () => {
  it('shortens large numbers to three digits', () => {
    expect([0, 7, 9_999, 12_345, 1_234_567, 2_500_000_000].map(compact)).toEqual([
      '0', '7', '9,999', '12.3 k', '1.23 M', '2.50 G',
    ]);
    expect(compact(null)).toBe('–');
  });
  it('gives units', () => {
    expect([999, 1_500, 25_000_000].map(bytes)).toEqual(['999 B', '1.50 kB', '25.0 MB']);
    expect([0.42, 4.2, 412, 1_830, 61_000].map(milliseconds)).toEqual(['0.42 ms', '4.2 ms', '412 ms', '1.83 s', '1 min 1 s']);
    expect(span(90_061)).toBe('1 d 1 h');
    expect(age(412)).toBe('410 ms ago');
  });
  it('shows figures of any data', () => {
    expect([0, 1234, 0.1 + 0.2, 12.5, new Exact('73314510714175489'), new Exact('-0.0000001'), null].map(measured)).toEqual(['0', '1,234', '0.3', '12.5', '73,314,510,714,175,489', '-0.0000001', '–']);
    expect([1234567, new Exact('73314510714175489'), 1e300].map(brief)).toEqual(['1,234,567', '7.33e+16', '1.00e+300']);
  });
  it('names windows as fine as they are long', () => {
    expect([5000 * 60, 600_000 * 60, 86_400_000, 1500].map(period)).toEqual(['5 min', '10 h', '1 d', '1500 ms']);
    const start = new Date(2026, 10, 28, 9, 5, 10).getTime();
    expect([5000, 60_000, 3_600_000, 86_400_000].map((size) => windowTime(start, size))).toEqual(['09:05:10', '09:05', '11-28 09:05', '2026-11-28']);
  });
  it('quotes CSV where it must', () => {
    expect(csv(['a', 'b'], [['x,"y"', null], [1, { z: 2 }]])).toBe('a,b\r\n"x,""y""",\r\n1,"{""z"":2}"\r\n');
  });
});
