// A stand-in for the server while the page is worked on: made-up clicks, the contract's shapes, the built page.
//   node dev/mock.mjs [--port 8090] [--state live|empty|wrong|failed|large|own] [--server URL]
// With --server the built page is served in front of a server that runs: its answers, this page.
import { createServer, request as onwardRequest } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { care, catalog, demoGraph, detail, errorPage, Faults, files, history, largeGraph, largeTables, layout, Log, node, past as pastRows, runs } from './mock-platform.mjs';
import * as own from './mock-own.mjs';

const flag = (name, otherwise) => {
  const i = process.argv.indexOf(`--${name}`);
  return i > 0 ? process.argv[i + 1] : otherwise;
};
const port = Number(flag('port', '8090'));
const state = flag('state', 'live');
const real = flag('server', '');
const isOwn = state === 'own';
const started = Date.now();
const iso = (ms) => new Date(ms).toISOString().replace('Z', '000Z');
const rate = 2000;
const size = 5000;

const pages = Array.from({ length: 217 }, (_, i) => `${'ABCP'[i % 4]}${i % 60 + 1}`);
const categories = ['trousers', 'skirts', 'blouses', 'sale'];
const countries = ['Poland', 'Czechia', 'Lithuania', 'United Kingdom', 'Germany', 'Ireland', 'Slovakia', 'USA', 'France', 'Latvia', 'unidentified'];
const columns = [
  ['window_start', 'TIMESTAMPTZ'], ['page', 'VARCHAR'], ['category', 'VARCHAR'], ['country', 'VARCHAR'],
  ['page_views', 'BIGINT'], ['users', 'BIGINT'], ['grouping_set', 'INTEGER'],
].map(([name, type]) => ({ name, type }));
const key = ['window_start', 'page', 'category', 'country', 'grouping_set'];
const noise = (a, b) => 0.5 + 0.5 * Math.sin(a * 12.9898 + b * 78.233);

function windowRows(start, now) {
  const part = Math.max(0, Math.min(1, (now - start) / size));
  const total = Math.round(rate * 5 * part * (0.8 + 0.4 * noise(start / size, 1)));
  const rows = [[iso(start), null, null, null, total, Math.round(total * 0.31), 0]];
  const spread = (names, set, place, steep) => {
    const weights = names.map((_, i) => (1 / (i + 1) ** steep) * (0.7 + 0.6 * noise(i, start / size)));
    const sum = weights.reduce((a, b) => a + b, 0);
    names.forEach((name, i) => {
      const row = [iso(start), null, null, null, Math.round((total * weights[i]) / sum), Math.round((total * weights[i] * 0.4) / sum), set];
      row[place] = name;
      rows.push(row);
    });
  };
  spread(pages, 1, 1, 0.6);
  spread(categories, 2, 2, 0.3);
  spread(countries, 3, 3, 1.6);
  return rows;
}
const newestWindow = () => Math.floor(Date.now() / size) * size;

function ledger() {
  const sent = state === 'empty' ? 0 : Math.round(((Date.now() - started) / 1000 + 600) * rate);
  const inFlight = state === 'empty' ? 0 : Math.round(rate * (0.3 + 0.7 * ((Date.now() % 1000) / 1000)));
  const deadLetters = Math.round(sent * 0.001);
  const lost = state === 'wrong' ? 3 : 0;
  const committed = sent - inFlight;
  const line = {
    flow: 'clicks.table', topic: 'clicks', table: 'bronze.clicks', entry: true, batch_id: 812, table_version: 813, log_records: sent,
    committed, stored: committed - deadLetters - lost, dead_letters: deadLetters, in_flight: inFlight, lost, duplicated: 0,
  };
  const producer = state === 'empty' ? null : {
    as_of: iso(Date.now() - 300), running: true, sent, acknowledged: sent, late_sent: 20, broken_sent: deadLetters, twice_sent: 7,
  };
  return {
    as_of: iso(Date.now()), producer, sent: producer && sent, acknowledged: producer && sent, log_records: sent, committed,
    bronze: state === 'empty' ? null : line.stored, dead_letters: deadLetters, late: Math.round(sent * 0.002), in_flight: inFlight,
    lost: state === 'empty' ? null : lost, duplicated: state === 'empty' ? null : 0,
    unknown: state === 'empty' ? 'no flow writes a topic to a table yet' : '', lines: state === 'empty' ? [] : [line],
  };
}

function flows() {
  if (state === 'empty') return { flows: [] };
  const l = ledger();
  const flow = (name, kind, source, sinks, more) => ({
    name, kind, source, sinks: sinks.map((s) => ({ kind: s.split(' ')[0], name: s.split(' ')[1] })), state: 'running', reason: '',
    generation: '5f3c9a1b2d', sql: '', batch_id: 812, every_ms: 1000, lag: l.in_flight,
    positions: [own.position(source, 0, { next_offset: l.committed, high_watermark: l.log_records })],
    watermark: null, rows_in: l.committed, rows_out: l.bronze, late: 0, dead_letters: 0, quarantined: 0, last_commit: iso(Date.now() - 140),
    latency_p50_ms: 640, latency_p99_ms: 1180, source_kind: 'topic', lag_unit: 'records', duplicates: 0, outside_window: 0,
    memory: { windows_on_disk: 0, sessions_on_disk: 0, ids_on_disk: 0, waits: false, text: '' }, file: '', strategy: '',
    why: { advancing: true, sentence: 'It took 2,012 records in its newest batch, 140 ms ago.', todo: '' }, ...more,
  });
  if (isOwn) return own.flows(flow);
  return {
    flows: [
      flow('clicks.late.table', 'table', 'clicks.late', ['table late.clicks'], { lag: 0 }),
      flow('clicks.dead_letters.table', 'table', 'clicks.dead_letters', ['table dead_letters.clicks'], { lag: 0 }),
      flow('clicks.table', 'table', 'clicks', ['table bronze.clicks', 'topic clicks.dead_letters'], {
        dead_letters: l.dead_letters,
        ...(state === 'failed' ? { state: 'failed', reason: 'cannot commit batch 813 to bronze.clicks: No space left on device [TARN-E0042]',
          why: { advancing: false, sentence: 'It has failed: it could not commit batch 813 to bronze.clicks, as the disk is full.', todo: 'Free some disk, then: tarn flow resume clicks.table' } } : {}),
      }),
      flow('live.clicks_windows', 'live', 'clicks', ['view live.clicks_windows', 'topic clicks.late'], {
        every_ms: 100, batch_id: 8123, watermark: iso(Date.now() - 10_000), late: l.late, latency_p50_ms: 84.2, latency_p99_ms: 212, lag: 130,
        sql: "select tumble(event_time, interval '5 seconds') as window_start, page, …\nfrom stream('clicks')\ngroup by grouping sets (…)",
      }),
    ],
  };
}

function tables() {
  if (state === 'empty') return { tables: [], failed: [] };
  if (state === 'large') return { tables: largeTables(1000, started), failed: [] };
  const l = ledger();
  const table = (name, rows, perSecond) => ({
    name, id: '0b0b0b0b-0000-4000-8000-000000000000', path: `/data/tables/${name.replace('.', '/')}`, description: '', version: 813,
    columns: Array.from({ length: 18 }, (_, i) => ({ name: `c${i}`, type: 'VARCHAR' })), partition_by: ['_date', '_hour'], properties: {},
    files: 813, bytes: rows * 31, rows, created: iso(started), last_commit: iso(Date.now() - (Date.now() % 1000)), rows_per_second: perSecond,
  });
  if (isOwn) return own.tables(table);
  return { tables: [table('bronze.clicks', l.bronze, rate * 0.99), table('late.clicks', l.late, 4), table('dead_letters.clicks', l.dead_letters, 2)], failed: [] };
}

const status = () => ({
  as_of: iso(Date.now()), version: '0.1.0', kafka_address: '127.0.0.1:19092', project: state === 'empty' ? 'my-project' : isOwn ? 'shop' : 'clickstream', start_number: 3, started: iso(started),
  uptime_seconds: (Date.now() - started) / 1000, ready: true, rss_bytes: 312_000_000, cpu_seconds: 12, cpu_cores: 0.34,
  disk: { log_bytes: 412_000_000, table_bytes: 38_000_000, view_bytes: null },
  records_in_per_second: state === 'empty' ? 0 : rate * (0.95 + 0.1 * noise(Date.now() / 3000, 3)),
  rows_to_tables_per_second: state === 'empty' ? null : rate * (0.95 + 0.1 * noise(Date.now() / 5000, 5)),
  log_read_only: false, log_read_only_reason: '',
});
const view = isOwn ? own.view : { name: 'live.clicks_windows', columns, key, generation: '5f3c', batch_id: 8123, committed: iso(Date.now()), rows: 32_000 };

function viewRows(query) {
  if (isOwn) return own.viewRows(Date.now());
  const rows = [];
  const where = query.get('where');
  const from = query.get('from') ? Date.parse(query.get('from')) : newestWindow() - 15 * 60_000;
  for (let start = newestWindow(); start >= from; start -= size) {
    const all = windowRows(start, Date.now());
    rows.push(...(where ? all.filter((row) => `grouping_set=${row[6]}` === where) : all));
  }
  return { view: view.name, batch_id: batch(), committed: iso(Date.now()), columns, key, rows: rows.slice(0, Number(query.get('limit') ?? 1000)), truncated: false };
}
const batch = () => Math.floor((Date.now() - started) / 100);

const streams = new Map(); // of those that are open, what each asked for
function events(response, query) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let id = 0;
  const listed = (name) => (query.has(name) ? query.get(name).split(',').filter(Boolean) : null);
  const [wanted, views] = [listed('events'), listed('views')];
  streams.set(response, { events: wanted, views });
  response.on('close', () => streams.delete(response));
  const send = (name, data) => {
    if (name !== 'hello' && wanted && !wanted.includes(name)) return;
    if (name === 'view' && views && !views.includes(data.view)) return;
    response.write(`event: ${name}\nid: ${(id += 1)}\ndata: ${own.written(data)}\n\n`);
  };
  send('hello', { version: '0.1.0', project: 'clickstream', start_number: 3, as_of: iso(Date.now()) });
  let tick = 0;
  const timer = setInterval(() => {
    if (isOwn) send('view', own.viewEvent(Date.now()));
    else if (state !== 'empty') {
      const now = Date.now();
      const rows = windowRows(newestWindow(), now);
      send('view', { view: view.name, batch_id: batch(), committed: iso(now - 60), watermark: iso(now - 10_000), columns, key, rows });
    }
    if (tick % 5 === 0) { send('flows', flows()); send('ledger', ledger()); }
    if (tick % 10 === 5) send('graph', graph());
    if (tick % 10 === 0) { send('status', status()); send('tables', tables()); }
    tick += 1;
  }, 100);
  response.on('close', () => clearInterval(timer));
}

const log = new Log(() => ledger().log_records);
const faults = new Faults();
function graph() {
  if (state === 'empty') return { as_of: iso(Date.now()), nodes: [], edges: [] };
  if (state === 'large') return largeGraph(1000);
  if (isOwn) return own.graph(node);
  return demoGraph({ sent: ledger().sent, rate, failed: state === 'failed' });
}
const topic = (name) => ({
  name, id: '0b0b0b0b-0000-4000-8000-000000000001', internal: false, created: iso(started), records: ledger().log_records, appended: ledger().log_records, bytes: 412_000_000, retention_ms: null,
  retention_bytes: null, timestamp_type: 'CreateTime', records_per_second: rate * (0.95 + 0.1 * noise(Date.now() / 3000, 3)),
  partitions: [0, 1, 2, 3].map((partition) => ({ partition, log_start_offset: 0, high_watermark: ledger().log_records, last_stable_offset: ledger().log_records, bytes: 103_000_000 })),
});
const topics = () => ({ topics: state === 'empty' ? [] : isOwn ? [topic('orders')] : ['clicks', 'clicks.late', 'clicks.dead_letters', 'wikipedia.edits'].map(topic) });

function sqlAnswer(sql) {
  if (isOwn) return [own.sql, 200];
  if (sql.includes('wrong'))
    return [{ error: { code: 'invalid_argument', id: 'TARN-E0301', message: 'Parser Error: syntax error at or near "wrong"\n\nLINE 1: select wrong from\n               ^', todo: 'Change the request as the message says.' } }, 400];
  if (/ AT \(|table_changes\(/.test(sql)) return pastRows(sql);
  if (sql.includes('million')) {
    const rows = Array.from({ length: 100_000 }, (_, i) => ({ n: i, word: `w${i % 977}`, value: Math.sin(i) }));
    return [{ columns: [{ name: 'n', type: 'BIGINT' }, { name: 'word', type: 'VARCHAR' }, { name: 'value', type: 'DOUBLE' }], rows, row_count: rows.length, truncated: true, elapsed_ms: 812 }, 200];
  }
  return [{
    columns: [{ name: 'category', type: 'VARCHAR' }, { name: 'clicks', type: 'BIGINT' }, { name: 'users', type: 'BIGINT' }],
    rows: categories.map((category, i) => ({ category, clicks: 400_000 - i * 91_234, users: 12_000 - i * 1_000 })), row_count: 4, truncated: false, elapsed_ms: 12.3,
  }, 200];
}

const sockets = new Set();
let downUntil = 0;
let cancelled = 0; // statements whose client went away
function down(ms) {
  downUntil = Date.now() + ms;
  for (const socket of sockets) socket.destroy();
}

// Points of the stand-in: a wave for each series that is asked for, with a gap in the hour and the day.
function past(query) {
  const range = query.get('range') ?? '5m';
  const [step, points] = { '5m': [1000, 300], '1h': [10_000, 360], '1d': [300_000, 288] }[range];
  const first = (Math.floor(Date.now() / step) - points + 1) * step;
  const names = state === 'empty' ? [] : (query.get('series') ?? 'records_in').split(',');
  const values = (k) => Array.from({ length: points }, (_, i) => (range !== '5m' && i > 100 && i < 130 ? null : Math.round(1000 * (k + 1 + Math.sin(i / 20 + k)))));
  return { range, first: iso(first), step_ms: step, left_out: 0, series: names.map((name, k) => ({ name, values: values(k) })) };
}

function group(name) {
  const found = state === 'empty' ? undefined : own.groups(topics().topics[0]?.name).find((g) => g.name === name);
  return found ? [found, 200] : missing(`consumer group ${name}`);
}

const missing = (what) => [{ error: { code: 'not_found', id: 'TARN-E0101', message: `there is no ${what}`, todo: 'Check the name; lists are at /api/v1/topics, tables, flows and views.' } }, 404];
function named(kind, name, rest, query, body) {
  if (kind === 'topics') {
    if (rest === 'records' && body) return [log.append(name, body), 201];
    return [rest === 'records' ? log.records(name, query) : topic(name), 200];
  }
  if (kind === 'tables') {
    const found = tables().tables.find((t) => t.name === name);
    if (!found) return missing(`table ${name}`);
    if (body) return care(name, rest, body);
    return [rest ? { history, files, layout }[rest](name) : detail(found), 200];
  }
  if (kind === 'views') return rest === 'rows' ? [viewRows(query), 200] : [view, 200];
  const flow = flows().flows.find((f) => f.name === name);
  if (!flow) return missing(`flow ${name}`);
  return [rest === 'why' ? flow.why : flow, 200];
}

function answer(path, query, body) {
  const [, , , first, name, rest] = path.split('/').map(decodeURIComponent);
  if (first === 'errors') return name === 'TARN-E9999' ? missing(`error ${name}`) : [errorPage(name), 200];
  if (first === 'demo' && !isOwn) return name ? [faults.press(name, down), 202] : [faults.get(), 200];
  if (first === 'groups' && name) return group(name);
  if (['topics', 'tables', 'views', 'flows'].includes(first) && name) return named(first, name, rest, query, body);
  const plain = {
    status, flows, tables, ledger, graph, topics, history: () => past(query), groups: () => ({ groups: state === 'empty' ? [] : own.groups(topics().topics[0]?.name).map(own.groupSummary) }), dropped: () => ({ tables: [] }), views: () => ({ views: state === 'empty' ? [] : [view] }), catalog: () => catalog(tables().tables, view),
    runs: () => (state === 'empty' ? { runs: [] } : runs(query.get('flow'), Number(query.get('limit') ?? 50))), trace: () => (isOwn ? own.trace(query) : log.trace(query)),
  }[first];
  if (plain) return [plain(), 200];
  if (first === 'sql') return sqlAnswer(body.sql);
  return [{ error: { code: 'not_found', message: 'the API has no such address; /api/v1/openapi.yaml lists them all', todo: 'It is a mock.' } }, 404];
}

// To the server behind, under its own name.
function onward(request, response) {
  const to = new URL(real);
  const headers = { ...request.headers, host: to.host };
  delete headers.origin;
  const there = onwardRequest({ host: to.hostname, port: to.port, path: request.url, method: request.method, headers }, (found) => {
    response.writeHead(found.statusCode, found.headers);
    found.pipe(response);
  });
  there.on('error', () => response.destroy());
  response.on('close', () => there.destroy());
  request.pipe(there);
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
// As the server says it: what the page may load.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function serveFile(path, response) {
  const name = path === '/' || !path.includes('.') ? 'index.html' : path;
  const file = join(import.meta.dirname, '..', 'dist', name);
  if (!existsSync(file)) return response.writeHead(404).end();
  return response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'text/plain', 'Content-Security-Policy': policy }).end(readFileSync(file));
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
  if (real) return onward(request, response);
  if (url.pathname === '/api/v1/events') return events(response, url.searchParams);
  let text = '';
  request.on('data', (d) => (text += d));
  request.on('end', () => {
    if (url.pathname === '/api/v1/sql' && text.includes('slow')) return void response.on('close', () => (cancelled += 1));
    if (url.pathname === '/api/v1/mock/cancelled') return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(String(cancelled));
    if (url.pathname === '/api/v1/mock/streams') return void response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify([...streams.values()]));
    const [data, code] = answer(url.pathname, url.searchParams, text ? JSON.parse(text) : null);
    response.writeHead(code, { 'Content-Type': 'application/json' }).end(own.written(data));
  });
  return undefined;
});
server.on('connection', (socket) => {
  if (Date.now() < downUntil) return void socket.destroy();
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => {});
});
server.listen(port, '127.0.0.1', () => console.log(`mock at http://127.0.0.1:${server.address().port}`));
