// The event stream: one connection for the page, kept alive. What arrives goes into the query cache under the same keys
// that the REST calls use, so components read one place and live on when the stream is down.
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { get } from '../api/client';
import type { FlowList, Graph, Hello, Ledger, Status, TableList, ViewChange } from '../api/types';
import { Windows } from './windows';

export type Connection = 'connecting' | 'live' | 'lost';

const silenceLimitMs = 5000; // the server sends at least one event a second
const retryMs = [500, 1000, 2000, 4000];
const historyMinutes = 15;
const rateSamples = 300;
const mostGaps = 20;

export interface RateSample {
  time: number; // the server's clock
  recordsIn: number | null;
  rowsOut: number | null;
}

class Live {
  connection: Connection = 'connecting';
  lastEvent = 0; // ms, this machine's clock
  skew = 0; // server's clock minus ours, ms
  rates: RateSample[] = [];
  windows = new Map<string, Windows>(); // by view, those of the windowed form
  changes = new Map<string, ViewChange>(); // the newest event of every view
  startNumber: number | null = null;
  lostAt: number | null = null; // this machine's clock, of the last event before the present loss
  gaps: { from: number; to: number }[] = []; // times without a server, this machine's clock

  private version = 0;
  private listeners = new Set<() => void>();
  private frame = 0;
  private attempt = 0;
  private source: EventSource | null = null;
  private client: QueryClient | null = null;

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = () => this.version;

  // The server's clock now, in ms.
  now(): number {
    return Date.now() + this.skew;
  }

  start(client: QueryClient): () => void {
    this.client = client;
    this.open();
    const watchdog = window.setInterval(() => {
      if (this.connection === 'live' && Date.now() - this.lastEvent > silenceLimitMs) this.lose();
    }, 1000);
    return () => {
      window.clearInterval(watchdog);
      this.source?.close();
    };
  }

  retryNow = () => {
    this.attempt = 0;
    this.open();
  };

  private open(): void {
    this.source?.close();
    const source = new EventSource('/api/v1/events');
    this.source = source;
    source.onerror = () => {
      if (source === this.source) this.lose();
    };
    this.on<Hello>(source, 'hello', (hello) => this.greeted(hello));
    this.on<Hello>(source, 'reset', () => void this.refill());
    this.on<Status>(source, 'status', (status) => {
      this.skew = Date.parse(status.as_of) - Date.now();
      this.rates.push({
        time: Date.parse(status.as_of),
        recordsIn: status.records_in_per_second,
        rowsOut: status.rows_to_tables_per_second,
      });
      if (this.rates.length > rateSamples) this.rates.shift();
      this.client?.setQueryData(['status'], status);
    });
    this.on<FlowList>(source, 'flows', (flows) => this.client?.setQueryData(['flows'], flows));
    this.on<TableList>(source, 'tables', (tables) => this.client?.setQueryData(['tables'], tables));
    this.on<Graph>(source, 'graph', (graph) => this.client?.setQueryData(['graph'], graph));
    this.on<Ledger>(source, 'ledger', (ledger) => this.client?.setQueryData(['ledger'], ledger));
    this.on<ViewChange>(source, 'view', (change) => this.viewChanged(change));
  }

  private on<T>(source: EventSource, name: string, handle: (data: T) => void): void {
    source.addEventListener(name, (event) => {
      if (source !== this.source) return;
      this.lastEvent = Date.now();
      this.attempt = 0;
      if (this.connection !== 'live') this.connection = 'live';
      handle(JSON.parse((event as MessageEvent<string>).data) as T);
      this.changed();
    });
  }

  private greeted(hello: Hello): void {
    if (this.startNumber !== null && this.startNumber !== hello.start_number) void this.client?.invalidateQueries();
    this.startNumber = hello.start_number;
    // What was not seen is a gap in every line, not a bridge over it.
    if (this.lostAt !== null) {
      this.gaps.push({ from: this.lostAt, to: Date.now() });
      if (this.gaps.length > mostGaps) this.gaps.shift();
      this.rates.push({ time: this.lostAt + this.skew, recordsIn: null, rowsOut: null });
      this.lostAt = null;
    }
    void this.refill();
  }

  private lose(): void {
    this.source?.close();
    this.source = null;
    if (this.connection === 'live') this.lostAt = this.lastEvent;
    this.connection = 'lost';
    const wait = retryMs[Math.min(this.attempt, retryMs.length - 1)] ?? 4000;
    this.attempt += 1;
    window.setTimeout(() => {
      if (this.connection === 'lost' && !this.source) this.open();
    }, wait);
    this.changed();
  }

  private viewChanged(change: ViewChange): void {
    this.changes.set(change.view, change);
    const windows = this.windows.get(change.view);
    if (!windows) return;
    windows.apply(change);
    windows.watermark = change.watermark ? Date.parse(change.watermark) : windows.watermark;
    windows.committed = Date.parse(change.committed);
  }

  // Reads what the stream does not repeat: the windows of the last minutes. Rows carry their batch, so it does not
  // matter whether this answer or a newer event comes first.
  private async refill(): Promise<void> {
    try {
      const { views } = await get('/api/v1/views');
      this.client?.setQueryData(['views'], { views });
      for (const view of views) {
        if (!['window_start', 'page_views', 'users', 'grouping_set'].every((n) => view.columns.some((c) => c.name === n)))
          continue;
        const windows = this.windows.get(view.name) ?? new Windows(historyMinutes * 60_000);
        this.windows.set(view.name, windows);
        const path = { name: view.name };
        windows.apply(await get('/api/v1/views/{name}/rows', { path, query: { where: 'grouping_set=0', limit: 1000 } }));
        const newest = windows.sorted().at(-1)?.start;
        if (newest === undefined) continue;
        const from = new Date(newest - 30_000).toISOString();
        windows.apply(await get('/api/v1/views/{name}/rows', { path, query: { from, limit: 20_000 } }));
        this.changed();
      }
    } catch {
      // The stream tells of the loss itself; the next greeting fills up again.
    }
  }

  private changed(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.version += 1;
      for (const listener of this.listeners) listener();
    });
  }
}

export const live = new Live();

// Renders again only when the connection changes.
export function useConnection(): Connection {
  return useSyncExternalStore(live.subscribe, () => live.connection);
}

// Renders again when anything live has changed, at most once a frame.
export function useLive(): Live {
  useSyncExternalStore(live.subscribe, live.snapshot);
  return live;
}
