import { describe, expect, it } from 'vitest';
import { age, bytes, compact, csv, milliseconds, span } from './format';

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
  it('quotes CSV where it must', () => {
    expect(csv(['a', 'b'], [['x,"y"', null], [1, { z: 2 }]])).toBe('a,b\r\n"x,""y""",\r\n1,"{""z"":2}"\r\n');
  });
});
