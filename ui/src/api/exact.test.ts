import { describe, expect, it } from 'vitest';
import { compareNumbers, dense, Exact, indented, numberOf, parse, write } from './exact';

const same = (json: string) => expect(write(parse(json))).toBe(json);

describe('exact', () => {
  it('keeps every digit of a number', () => {
    for (const n of ['73314510714175489', '-9223372036854775808', '18446744073709551615', '9007199254740993', '12345678901234567.89', '0.1234567890123456789',
      '170141183460469231731687303715884105727', '99999999999999999999999999999999999.999', '1e400', '1000000000000000000000000.00', '0.00000010'])
      same(`{"n":${n},"list":[${n},"${n}"]}`);
    expect(String((parse('[73314510714175489]') as unknown[])[0])).toBe('73314510714175489');
  });
  it('leaves numbers that a double holds as numbers', () => {
    const json = '[1, -2.5, 0.1, 1e21, 1e-7, 100000000000000000000, 5e-324, 0.30000000000000004, 1.7976931348623157e308, 9007199254740992, 1500.0000000000000000]';
    expect(parse(json)).toEqual([1, -2.5, 0.1, 1e21, 1e-7, 1e20, 5e-324, 0.30000000000000004, 1.7976931348623157e308, 9007199254740992, 1500]);
  });
  it('keeps the zeros of numbers inside of nested values where it is asked to', () => {
    const json = '{"rows":[{"price":95.20,"n":1.0,"items":[{"price":95.20,"n":10,"t":"1.10]"}],"s":{"a":-0.10,"b":73314510714175489}}]}';
    expect(write(parse(json, 4))).toBe(json.replace('{"price":95.20,"n":1.0', '{"price":95.2,"n":1'));
    expect(parse(json.replace('73314510714175489', '1'))).toEqual(JSON.parse(json.replace('73314510714175489', '1')));
  });
  it('does not touch texts and names', () => {
    const text = '{"73314510714175489":"73314510714175489","a\\"73314510714175489":"\\u0001x73314510714175489","\\u0001":"\\u0001\\u0001","b":"\\\\"}';
    expect(parse(text)).toEqual(JSON.parse(text));
  });
  it('writes requests exactly, without what is undefined', () => {
    expect(write({ value: parse('{"id":73314510714175489,"a":[null,true,"x"]}'), key: null, partition: undefined })).toBe('{"value":{"id":73314510714175489,"a":[null,true,"x"]},"key":null}');
  });
  it('sets JSON on lines and changes no value', () => {
    expect(indented('{"a":[1.50,{}],"b":{"c":73314510714175489,"c":"{,}"},"d":[]}')).toBe(
      '{\n  "a": [\n    1.50,\n    {}\n  ],\n  "b": {\n    "c": 73314510714175489,\n    "c": "{,}"\n  },\n  "d": []\n}',
    );
    expect(dense('{ "a b": [1.50,\n {} ], "c": 73314510714175489 }')).toBe('{"a b":[1.50,{}],"c":73314510714175489}');
    for (const way of [indented, dense]) expect(() => way('{"a"')).toThrow();
  });
  it('orders to the last digit', () => {
    const sorted = ['-73314510714175490', '-73314510714175489', '0.5', '73314510714175489', '73314510714175489.5', '73314510714175490'].map((t) => new Exact(t));
    expect([...sorted].reverse().sort(compareNumbers)).toEqual(sorted);
    expect(compareNumbers(1, new Exact('73314510714175489'))).toBeLessThan(0);
    expect(numberOf(new Exact('73314510714175489'))).toBeCloseTo(7.33e16, -15);
    expect(numberOf('7')).toBeNull();
  });
});
