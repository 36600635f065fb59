import { describe, expect, it } from 'vitest';
import { template } from './template';

const now = new Date('2026-01-02T03:04:05.678Z');

describe('template', () => {
  it('gives a copy its own id and time and leaves the rest', () => {
    const old = JSON.stringify({ event_id: 'e1', event_time: '2020-01-01T00:00:00Z', user_id: 'u1', price: 28 });
    expect(JSON.parse(template(old, now, 'n'))).toEqual({ event_id: 'n', event_time: now.toISOString(), user_id: 'u1', price: 28 });
  });
  it('takes the id that there is, and keeps every digit of the others', () => {
    expect(template('{"amount": 1.50, "order_id": "o1", "customer_id": "c1", "n": 73314510714175489}', now, 'n')).toBe(
      '{\n  "amount": 1.5,\n  "order_id": "n",\n  "customer_id": "c1",\n  "n": 73314510714175489\n}',
    );
  });
  it('keeps the unit of numeric times', () => {
    expect(JSON.parse(template('{"timestamp": 1577836800, "ts": 1577836800000}', now, 'n'))).toEqual({ timestamp: 1767323045, ts: 1767323045678 });
  });
  it('starts from nothing, and leaves what is no JSON alone', () => {
    expect(JSON.parse(template(null, now, 'n'))).toEqual({ event_id: 'n', event_time: now.toISOString() });
    expect(template('{broken', now, 'n')).toBe('{broken');
  });
});
