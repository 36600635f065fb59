import { describe, expect, it } from 'vitest';
import { Exact, parse } from '../api/exact';
import { csv } from '../format';
import { compare } from './DataGrid';
import { cells, inUtc, listed, typeNote } from './ResultGrid';

const columns = [{ name: 'id', type: 'BIGINT' }, { name: 'price', type: 'DECIMAL(18,2)' }, { name: 'more', type: 'STRUCT(n BIGINT)' }];
const answer = '{"columns":[],"rows":[{"id":73314510714175489,"price":12.50,"more":{"n":-9007199254740993}},{"id":2,"price":12345678901234567.89,"more":null}],"row_count":2,"truncated":false,"elapsed_ms":1}';

describe('cells', () => {
  const rows = listed({ ...(parse(answer) as Parameters<typeof listed>[0]), columns });
  it('show integers, money and what is nested to the last digit', () => {
    expect(rows.map((row) => row.map(String))).toEqual([['73314510714175489', '12.50', '{"n":-9007199254740993}'], ['2', '12345678901234567.89', 'null']]);
  });
  it('are the same in CSV', () => {
    expect(csv(['id', 'price', 'more'], rows)).toBe('id,price,more\r\n73314510714175489,12.50,"{""n"":-9007199254740993}"\r\n2,12345678901234567.89,\r\n');
  });
  it('sort by their whole value', () => {
    expect(compare(new Exact('73314510714175489'), new Exact('73314510714175490'))).toBeLessThan(0);
    expect(compare(3, new Exact('73314510714175490'))).toBeLessThan(0);
  });
  it('of a view are the same', () => {
    expect(cells([{ type: 'DECIMAL(12,2)' }, { type: 'DOUBLE' }], [[-3, 0.1]]).map((r) => r.map(String))).toEqual([['-3.00', '0.1']]);
  });
  it('that are instants say their zone', () => {
    expect(['TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMP', 'DATE', 'VARCHAR'].map(inUtc)).toEqual([true, true, false, false, false]);
    expect([typeNote('TIMESTAMPTZ'), typeNote('BIGINT')]).toEqual(['timestamptz, UTC', 'bigint']);
  });
});
