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

// Thirteen commits, over and over: what was written, changed, made larger and brought back.
const day = [
  ...Array.from({ length: 8 }, () => ({ operation: 'WRITE', parameters: { mode: 'Append', partitionBy: '["_date","_hour"]' }, rows: 2000, files_added: 1 })),
  { operation: 'DELETE', parameters: { predicate: '["(user_id = \'u7\')"]' }, metrics: { numDeletedRows: '300' }, rows: -300, vectors: 2 },
  { operation: 'UPDATE', parameters: { predicate: '["(country IS NULL)"]' }, metrics: { numUpdatedRows: '120' }, rows: 0, files_added: 1, files_removed: 1, rows_written: 1990 },
  { operation: 'MERGE', parameters: { predicate: '["(t.event_id = s.event_id)"]' }, metrics: { numTargetRowsInserted: '40', numTargetRowsUpdated: '60', numTargetRowsDeleted: '10' }, rows: 30, files_added: 2, vectors: 1, rows_written: 100 },
  { operation: 'OPTIMIZE', parameters: { predicate: '[]', zOrderBy: '["page"]' }, metrics: { numRemovedFiles: '9', numAddedFiles: '1', numRemovedBytes: '577107', numAddedBytes: '498123', numDeletionVectorsRemoved: '3' }, rows: 0, files_added: 1, files_removed: 9 },
  { operation: 'VACUUM END', parameters: { status: 'COMPLETED' }, metrics: { numDeletedFiles: '9' }, rows: 0 },
];
export function history(table) {
  let rows = 0;
  const commits = Array.from({ length: 300 }, (_, i) => {
    const { rows: more, metrics, operation, parameters, ...rest } = day[i % day.length];
    rows += more;
    const files = { files_added: 0, files_removed: 0, vectors: 0, ...rest };
    return {
      version: 514 + i, time: iso(Date.now() - (299 - i) * 1000), operation, parameters, metrics: metrics ?? { numFiles: '1', numOutputRows: String(more), numOutputBytes: '64123' }, engine: operation === 'MERGE' ? 'Apache-Spark/4.0.0 Delta-Lake/4.0.0' : 'Tarn/0.1.0',
      isolation: 'WriteSerializable', user_metadata: operation === 'WRITE' ? '{"positions":"0:812"}' : '', read_version: 513 + i, txn: operation === 'WRITE' ? { app_id: 'clicks.table/5f3c9a1b2d', version: 513 + i } : null,
      rows_written: operation === 'WRITE' ? more : 0, rows, ...files, bytes_added: files.files_added * 64_123, bytes_removed: files.files_removed * 64_123,
    };
  });
  return { table, commits: commits.reverse() };
}

const partition = (i) => ({ _date: '2026-01-01', _hour: String(i % 24) });
export function files(table) {
  return { table, version: 813, files: Array.from({ length: 400 }, (_, i) => ({ path: `_date=2026-01-01/_hour=${i % 24}/part-${String(i).padStart(5, '0')}.parquet`, bytes: 61_000 + i * 13, rows: 1990 + (i % 17), deleted_rows: i % 50 === 0 ? 12 : 0, modified: iso(Date.now() - i * 1000), partition: partition(i) })), next: null };
}

// So many partitions that not all are told apart.
export function layout(table) {
  const group = (files, bytes, more) => ({ files, bytes, rows: files * 2000, vectors: 0, deleted_rows: 0, small: files, ...more });
  const partitions = Array.from({ length: 200 }, (_, i) => ({ values: [i === 3 ? null : `2026-01-${String(1 + (i % 28)).padStart(2, '0')}`, String(i % 24)], ...group(4 + (i % 5), Math.round(9_000_000 / (i + 3)), i % 9 === 0 ? { vectors: 1, deleted_rows: 120 } : {}) }));
  const sum = (key) => partitions.reduce((n, p) => n + p[key], 0);
  const others = group(26, 410_000, {});
  const all = { files: sum('files') + 26, bytes: sum('bytes') + 410_000, rows: sum('rows') + 52_000, vectors: sum('vectors'), deleted_rows: sum('deleted_rows'), small: sum('files') + 20 };
  const counts = { 10_000: 20, 30_000: 240, 100_000: 700, 300_000: 200, 1_000_000: 40, 3_000_000: 0, 10_000_000: 20, 30_000_000: 0, 100_000_000: 0, 300_000_000: 6, 1_000_000_000: 0 };
  return { table, version: 813, target_bytes: 134_217_728, all, partition_by: ['_date', '_hour'], partition_count: 213, partitions, others, sizes: [...Object.entries(counts).map(([below, n]) => ({ below: Number(below), files: n, bytes: Math.round(n * below * 0.7) })), { below: null, files: 0, bytes: 0 }] };
}

const column = (name, type, more) => ({ name, type, nullable: true, comment: '', generated: null, default: null, id: null, physical: '', parts: [], ...more });
export function detail(table) {
  const mapped = (id, physical) => ({ id, physical });
  const schema = [
    column('event_id', 'string', { nullable: false, comment: 'of the browser that clicked', ...mapped(1, 'event_id') }),
    column('price', 'decimal(10,2)', { default: '0', ...mapped(2, 'col-5f3c9a1b') }),
    column('device', 'struct', { ...mapped(3, 'device'), parts: [column('name', 'string', mapped(4, 'name')), column('screen', 'struct', { ...mapped(5, 'screen'), parts: [column('width', 'integer', mapped(6, 'width')), column('height', 'integer', mapped(7, 'height'))] })] }),
    column('pages', 'array<struct<url:string>>', { ...mapped(8, 'pages'), parts: [column('element', 'struct', { nullable: false, parts: [column('url', 'string', mapped(9, 'url'))] })] }),
    column('labels', 'map<string,double>', { ...mapped(10, 'labels'), parts: [column('key', 'string', { nullable: false }), column('value', 'double', {})] }),
    column('_date', 'date', { generated: 'CAST(event_time AS DATE)', ...mapped(11, '_date') }),
    column('_hour', 'integer', mapped(12, '_hour')),
  ];
  const features = [['columnMapping', true, true], ['deletionVectors', true, true], ['appendOnly', false, true], ['invariants', false, true]].map(([name, reader, writer]) => ({ name, reader, writer }));
  const properties = { 'delta.enableDeletionVectors': 'true', 'delta.columnMapping.mode': 'name', 'delta.targetFileSize': '128mb', 'delta.constraints.price': 'price >= 0' };
  return { ...table, properties, schema, cluster_by: [], column_mapping: 'name', protocol: { reader: 3, writer: 7, features } };
}

// Care: the first look finds work, once it is done there is none.
const cared = new Set();
const answers = {
  optimize: (table, { where, dry_run: dry }) => {
    if (where?.includes('wrong')) return [{ error: { code: 'invalid_argument', id: 'TARN-E0301', message: 'the condition names wrong, which is no partition column', todo: 'Change the request as the message says.' } }, 400];
    const none = cared.has('optimize');
    if (!dry) cared.add('optimize');
    return [{ table, version: dry || none ? 813 : 814, dry_run: dry, commits: dry || none ? 0 : 1, files_removed: none ? 0 : 812, bytes_removed: none ? 0 : 52_000_000, files_added: none ? 0 : 24, bytes_added: dry || none ? 0 : 44_000_000, vectors_removed: none ? 0 : 7, carried_rows: 0, yielded: 0 }, 200];
  },
  vacuum: (table, { dry_run: dry, retain }) => {
    if (retain === '0s') return [{ error: { code: 'invalid_argument', id: 'TARN-E0613', message: 'a vacuum of bronze.clicks that keeps less than 7 d could take files that someone writes', todo: 'Keep longer, or force it from the command line.' } }, 400];
    const none = cared.has('vacuum');
    if (!dry) cared.add('vacuum');
    return [{ table, version: 813, dry_run: dry, files: none ? 0 : 3, bytes: none ? 0 : 190_000, paths: none ? [] : ['a', 'b', 'c'].map((n) => `_date=2026-01-01/part-${n}.parquet`) }, 200];
  },
  repair: (table, { dry_run: dry }) => [{ table, version: 813, dry_run: dry, committed: false, found: 0, files_removed: 0, rows_removed: 0, repairs: [], left: [] }, 200],
  drop: (table) => [{ dropped: table }, 200],
  restore: (table, { version }) => [{ table, version: 814, restored: version ?? 700, committed: true, files_removed: 3, files_restored: 12, files_missing: 0 }, 200],
  validate: (table) => [{ table, version: 813, commits: 814, checkpoints: 8, files: 813, bytes: 52_000_000, vectors: 7, rows: 1_600_000, problems: table.startsWith('late') ? [{ where: '_date=2026-01-01/part-00007.parquet', what: 'it has 9 rows, the log says 10' }] : [] }, 200],
};
export const care = (table, verb, body) => answers[verb](table, body);

// What changed in a version; a version before 600 has no files any more.
export function past(sql) {
  const version = Number(/VERSION => (\d+)/.exec(sql)?.[1] ?? /table_changes\('[^']*', (\d+)/.exec(sql)?.[1] ?? 813);
  if (version < 600) return [{ error: { code: 'not_found', id: 'TARN-E0615', message: `version ${version} of bronze.clicks has files that are gone`, todo: 'Read a newer version.' } }, 404];
  const changes = sql.includes('table_changes');
  const types = ['insert', 'update_preimage', 'update_postimage', 'delete'];
  const rows = Array.from({ length: 8 }, (_, i) => ({ event_id: `e${version}-${i}`, page: `P${i}`, ...(changes ? { _change_type: types[i % 4], _commit_version: version } : {}) }));
  const columns = [['event_id', 'VARCHAR'], ['page', 'VARCHAR'], ...(changes ? [['_change_type', 'VARCHAR'], ['_commit_version', 'BIGINT']] : [])].map(([name, type]) => ({ name, type }));
  return [{ columns, rows, row_count: rows.length, truncated: false, elapsed_ms: 3.4 }, 200];
}

export function runs(flow, limit) {
  const names = flow ? [flow] : ['clicks.table', 'live.clicks_windows', 'silver.clicks'];
  return { runs: Array.from({ length: limit }, (_, i) => ({ flow: names[i % names.length], batch_id: 8123 - Math.floor(i / names.length), started: iso(Date.now() - i * 350), elapsed_ms: 20 + 8 * Math.sin(i / 5), cpu_ms: 9, rows_in: 2000 + Math.round(200 * Math.sin(i / 7)), rows_out: 1995, bytes_in: 412_000, outcome: i === 40 ? 'retried: no space left on device' : 'committed' })) };
}

export const errorPage = (id) => ({ id, code: 'resource_exhausted', title: 'The disk is full', cause: 'A commit or an append could not be written because the file system of the data folder has no space left, or its quota is used up.', todo: 'Free some space, or move the data folder. Flows that retry go on by themselves; a failed one goes on with: tarn flow resume NAME' });
