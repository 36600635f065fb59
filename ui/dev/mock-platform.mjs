// Made-up answers for what the mock shows beside clicks: the map, records, files, the way of one event, faults.
const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z');

export const node = (kind, name, more = {}) => ({
  id: `${kind}:${name}`, kind, name, layer: ['table', 'view'].includes(kind) ? name.split('.')[0] : '', state: 'ok', reason: '',
  records_per_second: null, lag: null, lag_unit: null, freshness_ms: null, bytes: null, rows: null, detail: '', ...more,
});

// The demo as it is: clicks through three layers, Wikipedia edits beside them.
export function demoGraph({ sent, rate, failed }) {
  const age = Date.now() % 1000;
  const nodes = [
    node('producer', 'clicks', { records_per_second: rate }), node('producer', 'wikipedia', { records_per_second: 40 }),
    node('topic', 'clicks', { rows: sent, bytes: sent * 210, records_per_second: rate }), node('topic', 'clicks.late', { rows: 4100, bytes: 812_000, records_per_second: 4 }),
    node('topic', 'clicks.dead_letters', { rows: 1201, bytes: 210_000, records_per_second: 2 }), node('topic', 'wikipedia.edits', { rows: 81_422, bytes: 31_000_000, records_per_second: 40 }),
    node('flow', 'clicks.table', { lag: 412, lag_unit: 'records', freshness_ms: age, ...(failed ? { state: 'error', reason: 'cannot commit batch 813 to bronze.clicks: No space left on device' } : {}) }),
    node('flow', 'clicks.late.table', { lag: 0, lag_unit: 'records', freshness_ms: 640, state: 'ok' }), node('flow', 'clicks.dead_letters.table', { lag: 0, lag_unit: 'records', freshness_ms: 1640, state: 'idle' }),
    node('flow', 'live.clicks_windows', { lag: 130, lag_unit: 'records', freshness_ms: 61 }), node('flow', 'wikipedia.edits.table', { lag: 22, lag_unit: 'records', freshness_ms: 301 }),
    node('flow', 'live.edits_by_wiki', { lag: 3, lag_unit: 'records', freshness_ms: 88 }),
    node('flow', 'silver.clicks', { lag: 1, lag_unit: 'versions', freshness_ms: 1204, ...(failed ? { state: 'warn', reason: 'waits for bronze.clicks: its flow has failed' } : {}) }),
    node('flow', 'gold.sessions', { lag: 0, lag_unit: 'versions', freshness_ms: 1900 }), node('flow', 'gold.funnel', { lag: 0, lag_unit: 'versions', freshness_ms: 2100, state: 'paused', reason: 'paused by hand' }),
    node('table', 'bronze.clicks', { rows: sent - 1800, bytes: sent * 31, records_per_second: rate, freshness_ms: age }), node('table', 'late.clicks', { rows: 4100, bytes: 122_000, freshness_ms: 640 }),
    node('table', 'dead_letters.clicks', { rows: 1201, bytes: 61_000, freshness_ms: 8640 }), node('table', 'bronze.wikipedia_edits', { rows: 81_400, bytes: 9_100_000, freshness_ms: 301 }),
    node('table', 'silver.clicks', { rows: sent - 4000, bytes: sent * 22, freshness_ms: 1204 }), node('table', 'gold.sessions', { rows: Math.round(sent / 9), bytes: sent * 4, freshness_ms: 1900 }),
    node('table', 'gold.funnel', { rows: 4, bytes: 4100, freshness_ms: 2100 }),
    node('view', 'live.clicks_windows', { rows: 32_000, freshness_ms: 61 }), node('view', 'live.edits_by_wiki', { rows: 1240, freshness_ms: 88 }), node('dashboard', 'page'),
  ];
  const edge = (from, to, perSecond) => ({ from, to, records_per_second: perSecond });
  const edges = [
    edge('producer:clicks', 'topic:clicks', rate), edge('producer:wikipedia', 'topic:wikipedia.edits', 40), edge('topic:clicks', 'flow:clicks.table', rate),
    edge('topic:clicks', 'flow:live.clicks_windows', rate), edge('flow:clicks.table', 'table:bronze.clicks', failed ? 0 : rate), edge('flow:clicks.table', 'topic:clicks.dead_letters', 2),
    edge('topic:clicks.dead_letters', 'flow:clicks.dead_letters.table', 2), edge('flow:clicks.dead_letters.table', 'table:dead_letters.clicks', 2), edge('flow:live.clicks_windows', 'view:live.clicks_windows', 900),
    edge('flow:live.clicks_windows', 'topic:clicks.late', 4), edge('topic:clicks.late', 'flow:clicks.late.table', 4), edge('flow:clicks.late.table', 'table:late.clicks', 4),
    edge('topic:wikipedia.edits', 'flow:wikipedia.edits.table', 40), edge('flow:wikipedia.edits.table', 'table:bronze.wikipedia_edits', 40), edge('topic:wikipedia.edits', 'flow:live.edits_by_wiki', 40),
    edge('flow:live.edits_by_wiki', 'view:live.edits_by_wiki', 12), edge('table:bronze.clicks', 'flow:silver.clicks', rate), edge('flow:silver.clicks', 'table:silver.clicks', rate * 0.98),
    edge('table:silver.clicks', 'flow:gold.sessions', rate * 0.98), edge('flow:gold.sessions', 'table:gold.sessions', rate / 9), edge('table:silver.clicks', 'flow:gold.funnel', null),
    edge('flow:gold.funnel', 'table:gold.funnel', null), edge('view:live.clicks_windows', 'dashboard:page', null), edge('view:live.edits_by_wiki', 'dashboard:page', null),
  ];
  return { as_of: iso(Date.now()), nodes, edges };
}

// Made-up metadata: so many tables, each with a topic and flows; five nodes to a table.
export function largeGraph(tables) {
  const nodes = [];
  const edges = [];
  for (let i = 0; i < tables; i += 1) {
    const topic = `shop${i % 12}.orders_${i}`;
    const bad = i % 97 === 5;
    const beat = (Date.now() / 1000 + i) % 10;
    nodes.push(
      node('topic', topic, { rows: 1000 * i, bytes: 99_000 * i, records_per_second: 10 + beat }), node('flow', `${topic}.table`, { lag: i % 40, lag_unit: 'records', freshness_ms: 300 + beat * 10, ...(bad ? { state: 'error', reason: 'cannot read topic: made up' } : {}) }),
      node('table', `bronze.orders_${i}`, { rows: 900 * i, bytes: 9000 * i, freshness_ms: 400 }), node('flow', `silver.orders_${i}`, { lag: i % 3, lag_unit: 'versions', freshness_ms: 900 }), node('table', `silver.orders_${i}`, { rows: 890 * i, bytes: 8000 * i }),
    );
    edges.push(
      { from: `topic:${topic}`, to: `flow:${topic}.table`, records_per_second: 10 + beat }, { from: `flow:${topic}.table`, to: `table:bronze.orders_${i}`, records_per_second: bad ? 0 : 10 },
      { from: `table:bronze.orders_${i}`, to: `flow:silver.orders_${i}`, records_per_second: 9 }, { from: `flow:silver.orders_${i}`, to: `table:silver.orders_${i}`, records_per_second: 9 },
    );
  }
  return { as_of: iso(Date.now()), nodes, edges };
}

// The map's nodes as lists, for the pages of lists.
export function largeTables(tables, started) {
  return Array.from({ length: tables }, (_, i) => ({
    name: `bronze.orders_${i}`, id: '0b0b0b0b-0000-4000-8000-000000000000', path: `/data/tables/bronze/orders_${i}`, description: 'made up', version: i,
    columns: [{ name: 'order_id', type: 'VARCHAR' }, { name: 'amount', type: 'DOUBLE' }], partition_by: ['_date'], properties: {}, files: i, bytes: i * 9000, rows: i * 900,
    created: iso(started), last_commit: iso(Date.now() - i * 10), rows_per_second: 10,
  }));
}

const payload = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { encoding: typeof value === 'string' ? 'text' : 'json', text, bytes: text.length, truncated: false };
};
const click = (offset) => ({ event_id: `e${offset}`, event_time: iso(Date.now()), user_id: `u${offset % 1000}`, session_id: `s${offset % 900}`, click: offset % 30, page: `P${offset % 60}`, category: 'trousers', country: 'Poland', price: 28 });

export class Log {
  sent = new Map(); // what this mock was given, by offset

  constructor(high) {
    this.high = high;
  }

  records(topic, query) {
    const high = this.high();
    const limit = Number(query.get('limit') ?? 20);
    const time = query.get('time');
    let from = Number(query.get('offset') ?? -20);
    if (time) from = Math.max(0, high - Math.round((Date.now() - Date.parse(time)) / 2));
    if (from < 0) from = Math.max(0, high + from);
    const records = [];
    for (let offset = from; offset < Math.min(high, from + limit); offset += 1) {
      const own = this.sent.get(offset);
      const aside = /dead_letters/.test(topic);
      records.push({
        offset, timestamp: iso(own?.at ?? Date.now() - (high - offset) * 2), key: payload(String(offset % 1000)), value: payload(own?.value ?? (aside ? '{"event_id": broken' : click(offset))),
        headers: aside ? [{ key: 'tarn.reason', value: payload('not JSON: at byte 14') }, { key: 'tarn.offset', value: payload('77812') }] : [],
      });
    }
    return { topic, partition: Number(query.get('partition') ?? 0), log_start_offset: 0, high_watermark: high, next_offset: from + records.length, records };
  }

  append(topic, body) {
    const offset = this.high() + 50_000_000;
    let value = body.value;
    try {
      value = JSON.parse(body.value);
    } catch {
      // a text
    }
    this.sent.set(offset, { value, at: Date.now() });
    return { topic, partition: body.partition ?? 0, offset, timestamp: iso(Date.now()) };
  }

  // A sent event passes a node every so often; what is no object is a dead letter.
  trace(query) {
    const offset = Number(query.get('offset') ?? 4711);
    const own = this.sent.get(offset);
    const at = own?.at ?? Date.now() - 60_000;
    const broken = own && (typeof own.value !== 'object' || own.value === null);
    const way = [['topic:clicks', 3], ['flow:live.clicks_windows', 84], ['view:live.clicks_windows', 92], ['flow:clicks.table', 640], ['table:bronze.clicks', 660], ['flow:silver.clicks', 1500], ['table:silver.clicks', 1540], ['flow:gold.sessions', 2600], ['table:gold.sessions', 2650]];
    const aside = [['topic:clicks', 3], ['flow:clicks.table', 640], ['topic:clicks.dead_letters', 650], ['table:dead_letters.clicks', 1400]];
    const steps = (broken ? aside : way).map(([id, ms]) => {
      const passed = Date.now() - at >= ms;
      const [kind, name] = id.split(/:(.*)/);
      return {
        node: id, kind, name, state: passed ? (broken && id !== 'topic:clicks' ? 'dead_letter' : 'passed') : 'waiting', at: passed ? iso(at + ms) : null, since_send_ms: passed ? ms : null,
        batch_id: passed && kind !== 'topic' ? 812 : null, version: passed && kind === 'table' ? 813 : null,
        detail: broken && kind === 'flow' ? 'not a JSON object: it is kept with its bytes and this reason' : kind === 'topic' ? `durable at offset ${offset}` : passed ? 'committed with its position' : 'the next batch takes it',
      };
    });
    const waits = steps.find((s) => s.state === 'waiting');
    return {
      found: true, topic: 'clicks', partition: 0, offset, sent: iso(at), id: own?.value?.event_id ?? (own ? null : `e${offset}`), id_field: 'event_id', value: payload(own?.value ?? click(offset)), steps,
      verdict: waits ? `It waits for ${waits.name}.` : broken ? 'A dead letter: it is not a JSON object.' : 'It is in every table and view, once.',
    };
  }
}

export class Faults {
  starts = 1;
  recovery = null;
  history = [];
  running = new Map();

  get() {
    const names = ['kill', 'fill-disk', 'break-producer', 'late-source'];
    return {
      supervised: true, server: { starts: this.starts, last_exit: this.starts > 1 ? 'killed by signal 9' : '', last_recovery_ms: this.recovery, down_since: null },
      faults: names.map((name) => ({ name, state: this.running.has(name) ? 'running' : 'idle', since: this.running.has(name) ? iso(this.running.get(name)) : null, what: '', outcome: this.history.find((h) => h.action === name)?.sentence ?? '' })),
      history: this.history,
    };
  }

  // `down` cuts the stand-in's connections for a moment, as the end of a process does.
  press(name, down) {
    this.running.set(name, Date.now());
    const end = (sentence, recovery) => {
      this.running.delete(name);
      this.history.push({ at: iso(Date.now()), action: name, sentence, recovery_ms: recovery });
    };
    if (name === 'kill') {
      setTimeout(() => down(1500), 150);
      setTimeout(() => {
        this.starts += 1;
        this.recovery = 470;
        end('the server was killed and took up every flow where its sinks were', 470);
      }, 1700);
    } else setTimeout(() => end('what came meanwhile was kept and counted', null), 4000);
    return { accepted: true, sentence: 'It is done.' };
  }
}

export function catalog(tables, view) {
  return {
    tables: [...tables.map((t) => ({ name: t.name, kind: 'table', columns: t.columns })), { name: view.name, kind: 'view', columns: view.columns }],
    functions: ['count', 'sum', 'avg', 'min', 'max', 'date_trunc', 'strftime', 'coalesce', 'approx_count_distinct'],
  };
}

export function history(table, rate) {
  return {
    table, commits: Array.from({ length: 300 }, (_, i) => ({
      version: 813 - i, time: iso(Date.now() - i * 1000), operation: 'WRITE', parameters: { mode: 'Append' }, metrics: { numFiles: '1', numOutputRows: String(Math.round(rate * (0.9 + 0.2 * Math.sin(i / 9)))), numOutputBytes: '64123' },
      engine: 'Tarn/0.1.0', txn: { app_id: 'clicks.table/5f3c9a1b2d', version: 812 - i },
    })),
  };
}

export function files(table) {
  return { table, version: 813, files: Array.from({ length: 400 }, (_, i) => ({ path: `_date=2026-01-01/_hour=${i % 24}/part-${String(i).padStart(5, '0')}.parquet`, bytes: 61_000 + i * 13, rows: 1990 + (i % 17), modified: iso(Date.now() - i * 1000), partition: { _date: '2026-01-01', _hour: String(i % 24) } })), next: null };
}

export function runs(flow, limit) {
  const names = flow ? [flow] : ['clicks.table', 'live.clicks_windows', 'silver.clicks'];
  return { runs: Array.from({ length: limit }, (_, i) => ({ flow: names[i % names.length], batch_id: 8123 - Math.floor(i / names.length), started: iso(Date.now() - i * 350), elapsed_ms: 20 + 8 * Math.sin(i / 5), cpu_ms: 9, rows_in: 2000 + Math.round(200 * Math.sin(i / 7)), rows_out: 1995, bytes_in: 412_000, outcome: i === 40 ? 'retried: no space left on device' : 'committed' })) };
}

export const errorPage = (id) => ({ id, code: 'resource_exhausted', title: 'The disk is full', cause: 'A commit or an append could not be written because the file system of the data folder has no space left, or its quota is used up.', todo: 'Free some space, or move the data folder. Flows that retry go on by themselves; a failed one goes on with: tarn flow resume NAME' });
