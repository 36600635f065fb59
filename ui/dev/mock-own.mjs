// Made-up answers of a project that is not the demo: orders with money and 64-bit ids, windows of an hour without
// grouping sets, a session that is open, nobody who supervises it. `exactly` stands for numbers that JavaScript cannot write.
const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z');
const hour = 3_600_000;

export const exactly = (text) => ({ exactly: text });
// JSON with those numbers as they are.
export const written = (data) => JSON.stringify(data).replaceAll(/\{"exactly":"([^"]+)"\}/g, '$1');

export const orderId = '73314510714175489';
const columns = [['began', 'TIMESTAMPTZ'], ['shop', 'VARCHAR'], ['amount', 'DECIMAL(38,2)'], ['orders', 'BIGINT']].map(([name, type]) => ({ name, type }));
const key = ['began', 'shop'];
export const view = { name: 'live.sales', columns, key, generation: '77aa', batch_id: 40, committed: iso(Date.now()), rows: 72 };

function rows(now) {
  const newest = Math.floor(now / hour) * hour;
  return Array.from({ length: 24 }, (_, i) => newest - i * hour).flatMap((start, i) => [
    [iso(start), 'Łódź', exactly(`${1000 + i}.50`), 10 + i],
    [iso(start), 'Kraków', exactly('123456789012345678901.25'), 7],
    [iso(start), null, exactly(`${20 + i}.00`), 2],
  ]);
}
export const viewRows = (now) => ({ view: view.name, batch_id: 40, committed: iso(now), columns, key, rows: rows(now), truncated: false });
export const viewEvent = (now) => ({ view: view.name, batch_id: 41, committed: iso(now), watermark: iso(now - 60_000), columns, key, rows: rows(now).slice(0, 3) });

export const position = (source, partition, more) => ({ source, partition, start_offset: 0, next_offset: 40, high_watermark: 40, event_time: null, still_ms: null, idle: false, holds_watermark: false, ...more });

export function flows(flow) {
  return {
    flows: [
      flow('orders.table', 'table', 'orders', ['table bronze.orders']),
      flow('live.sales', 'live', 'orders', ['view live.sales'], {
        watermark: iso(Date.now() - 60_000),
        positions: [
          position('orders', 0, { event_time: iso(Date.now() - 1000), still_ms: 0 }),
          position('orders', 1, { event_time: iso(Date.now() - 58_000), still_ms: 57_000, holds_watermark: true }),
          position('orders', 2, { still_ms: 700_000, idle: true }),
        ],
        sql: "select tumble(paid_at, interval '1 hour') as began, shop, sum(amount) as amount, count(*) as orders from stream('orders') group by 1, 2" }),
      flow('gold.visits', 'model', 'bronze.orders', ['table gold.visits'], {
        strategy: 'sessions', source_kind: 'table', state: 'failed', reason: 'cannot commit batch 9 to gold.visits: No space left on device [TARN-E0042]',
        why: { advancing: false, sentence: 'gold.visits has stopped: no space', todo: 'Mend what is named, then: `tarn flow resume gold.visits`' },
      }),
    ],
  };
}

// Two consumers that share a topic, one of whose partitions lost records to retention; and a group that nobody is in.
export function groups(topic) {
  const at = (partition, committed, member, start = 0) => ({
    topic, partition, committed_offset: committed, committed_at: committed === null ? null : iso(Date.now() - 3000), log_start_offset: start, log_end_offset: 1200,
    lag: committed === null ? null : 1200 - committed, missed: Math.max(0, start - (committed ?? start)), member,
  });
  const member = (id, client, partitions) => ({ id: `${client}-${id}`, client_id: client, host: '127.0.0.1', instance_id: null, partitions });
  const state = { protocol_type: 'consumer', protocol: '', generation: 0 };
  return [
    { ...state, name: 'audit', state: 'Empty', lag: 0, members: [], partitions: [at(0, 1200, null)] },
    {
      ...state, name: 'billing/eu', state: 'Stable', protocol: 'range', generation: 3, lag: 1100, members: [member('1a', 'billing-1', 2), member('2b', 'billing-2', 1)],
      partitions: [at(0, 1100, 'billing-1-1a'), at(1, 200, 'billing-1-1a', 240), at(2, null, 'billing-2-2b')],
    },
  ];
}
export function groupSummary({ partitions, members, ...group }) {
  const topics = [...new Set(partitions.map((p) => p.topic))].map((name) => {
    const of = partitions.filter((p) => p.topic === name);
    return { name, partitions: of.length, lag: of.reduce((sum, p) => sum + (p.lag ?? 0), 0), missed: of.reduce((sum, p) => sum + p.missed, 0) };
  });
  return { ...group, members: members.length, topics };
}

const orders = [['order_id', 'BIGINT'], ['customer_id', 'VARCHAR'], ['paid_at', 'TIMESTAMPTZ'], ['shop', 'VARCHAR'], ['amount', 'DECIMAL(12,2)'], ['_offset', 'BIGINT']].map(([name, type]) => ({ name, type }));
export const tables = (table) => ({ tables: [{ ...table('bronze.orders', 1200, 3), columns: orders, partition_by: [] }, table('gold.visits', 40, null)], failed: [] });

export function graph(node) {
  const nodes = [
    node('topic', 'orders', { rows: 1200, records_per_second: 3 }), node('flow', 'orders.table', { lag: 0, lag_unit: 'records', freshness_ms: 400 }), node('table', 'bronze.orders', { rows: 1200 }),
    node('flow', 'live.sales', { lag: 0, lag_unit: 'records', freshness_ms: 90 }), node('view', 'live.sales', { rows: 72 }),
    node('flow', 'gold.visits', { state: 'error', reason: 'cannot commit batch 9' }), node('table', 'gold.visits', { rows: 40 }),
  ];
  const edges = [['topic:orders', 'flow:orders.table'], ['flow:orders.table', 'table:bronze.orders'], ['topic:orders', 'flow:live.sales'], ['flow:live.sales', 'view:live.sales'], ['table:bronze.orders', 'flow:gold.visits'], ['flow:gold.visits', 'table:gold.visits']];
  return { as_of: iso(Date.now()), nodes, edges: edges.map(([from, to]) => ({ from, to, records_per_second: 3 })) };
}

export function trace(query) {
  const field = query.get('field') ?? 'order_id';
  const text = `{"order_id":${orderId},"customer_id":"c7","amount":12.50,"shop":"Łódź"}`;
  const step = (kind, name, more) => ({ node: `${kind}:${name}`, kind, name, state: 'passed', at: null, since_send_ms: null, batch_id: null, version: null, detail: '', ...more });
  return {
    found: true, topic: 'orders', partition: 0, offset: 11, sent: iso(Date.now() - 60_000), id: query.get('id') ?? orderId, id_field: field, value: { encoding: 'json', text, bytes: text.length, truncated: false },
    steps: [step('topic', 'orders', { detail: 'partition 0 offset 11' }), step('table', 'bronze.orders', { detail: 'its batch is not among the newest runs any more' }), step('table', 'gold.visits', { state: 'waiting', detail: 'its session is not over yet' })],
    verdict: 'It has passed 2 of 3 steps and waits for gold.visits: its session is not over yet.',
  };
}

export const sql = {
  columns: [{ name: 'order_id', type: 'BIGINT' }, { name: 'amount', type: 'DECIMAL(12,2)' }, { name: 'paid_at', type: 'TIMESTAMPTZ' }, { name: 'lines', type: 'STRUCT(id BIGINT)[]' }],
  rows: [{ order_id: exactly(orderId), amount: exactly('12.50'), paid_at: '2026-11-28T10:00:00.000000Z', lines: [{ id: exactly('-9223372036854775808') }] }, { order_id: exactly('73314510714175490'), amount: exactly('3.00'), paid_at: null, lines: null }],
  row_count: 2, truncated: false, elapsed_ms: 1.5,
};
