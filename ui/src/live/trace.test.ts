import { describe, expect, it } from 'vitest';
import type { Trace, TraceStep } from '../api/types';
import { done, idColumns, namesId, tracePicture } from './trace';

const step = (node: string, state: TraceStep['state']): TraceStep => ({ node, kind: node.split(':')[0] as TraceStep['kind'], name: node.split(':')[1] ?? '', state, at: null, since_send_ms: null, batch_id: null, version: null, detail: '' });
const trace = (steps: TraceStep[], found = true): Trace => ({ found, topic: 't', partition: 0, offset: 1, sent: '', id: null, id_field: null, value: null, steps, verdict: '' });

describe('ids', () => {
  const table = (name: string, ...columns: string[]) => ({ name, columns: columns.map((c) => ({ name: c, type: 'VARCHAR' })) });
  const flow = (source: string, sink: string) => ({ kind: 'table' as const, source, sinks: [{ kind: 'table' as const, name: sink }] });
  const flows = [flow('orders', 'bronze.orders'), flow('payments', 'bronze.payments')];
  const tables = [table('bronze.orders', 'order_id', 'paid', 'customerId', '_batch_id'), table('bronze.payments', 'uuid', 'order_id'), table('gold.x', 'x_id')];

  it('are known by their names', () => {
    expect(['id', 'uuid', 'order_id', 'orderId', 'message_uuid'].every(namesId)).toBe(true);
    expect(['paid', 'valid', 'identity', 'ids', 'amount'].some(namesId)).toBe(false);
  });
  it('are those that topics declare', () => {
    expect(idColumns(flows, tables, '', '')).toEqual(['order_id', 'customerId', 'uuid']);
    expect(idColumns(flows, tables, 'payments', '')).toEqual(['uuid', 'order_id']);
    expect(idColumns(flows, tables, 'payments', 'paid')).toEqual(['uuid', 'order_id', 'paid']);
  });
});

describe('trace', () => {
  it('is done when nothing waits, and not before it is found', () => {
    expect(done(trace([step('topic:t', 'passed'), step('flow:f', 'waiting')]))).toBe(false);
    expect(done(trace([step('topic:t', 'passed'), step('flow:f', 'dead_letter')]))).toBe(true);
    expect(done(trace([], true))).toBe(false);
    expect(done(trace([step('topic:t', 'passed')], false))).toBe(false);
  });
  it('draws each step once, with the arrows the map has', () => {
    const graph = { as_of: '', nodes: [], edges: [{ from: 'topic:t', to: 'flow:f', records_per_second: 4 }, { from: 'flow:f', to: 'table:x', records_per_second: 1 }] };
    const picture = tracePicture(trace([step('topic:t', 'passed'), step('flow:f', 'passed'), step('flow:f', 'passed')]), graph);
    expect(picture.nodes.map((n) => n.id)).toEqual(['topic:t', 'flow:f']);
    expect(picture.edges.map((e) => e.to)).toEqual(['flow:f']);
  });
  it('joins steps over nodes that are none', () => {
    const edges = ['topic:t flow:f', 'flow:f topic:q', 'topic:q flow:g', 'flow:g table:q'].map((e) => ({ from: e.split(' ')[0] ?? '', to: e.split(' ')[1] ?? '', records_per_second: 1 }));
    const picture = tracePicture(trace([step('topic:t', 'passed'), step('topic:q', 'passed'), step('table:q', 'waiting')]), { as_of: '', nodes: [], edges });
    expect(picture.edges.map((e) => `${e.from} ${e.to}`)).toEqual(['topic:t topic:q', 'topic:q table:q']);
  });
});
