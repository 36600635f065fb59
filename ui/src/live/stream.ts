// The event stream: one connection for the page, kept alive while the page is seen. It asks for what the page shows
// (wants.ts); a page in a hidden tab asks for nothing. What arrives goes into the query cache under the same keys
// that the REST calls use, so components read one place and live on when the stream is down.
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { get } from '../api/client';
import { parse } from '../api/exact';
import type { FlowList, Graph, Hello, Ledger, Status, TableList, View, ViewChange } from '../api/types';
import { streamAddress, Wants } from './wants';
import { shapeOf, sizeOf, Windows } from './windows';

export type Connection = 'connecting' | 'live' | 'lost';

const silenceLimitMs = 5000; // the server sends at least one event a second
const retryMs = [500, 1000, 2000, 4000];
const firstRows = 5000;
const keptWindows = 200;
const rateSamples = 300;
const mostGaps = 20;
const wantsSettleMs = 60; // pages come and go in pieces: asked once for all of them
const hiddenAfterMs = 2000;

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
  windows = new Map<string, Windows>(); // by view, of those with a time in their key
  changes = new Map<string, ViewChange>(); // the newest event of every view
  startNumber: number | null = null;
  lostAt: number | null = null; // this machine's clock, of the last event before the present loss
  gaps: { from: number; to: number }[] = []; // times without a server, this machine's clock

  private version = 0;
  private listeners = new Set<() => void>();
  private reading = new Set<string>();
  private frame = 0;
  private attempt = 0;
  private source: EventSource | null = null;
  private wants = new Wants();
  private asked = ''; // the address of the source
  private settling = 0;
  private hiding = 0;
  private resting = false; // nobody sees the page
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
      if (this.connection === 'live' && !this.resting && Date.now() - this.lastEvent > silenceLimitMs) this.lose();
    }, 1000);
    const seen = () => (document.visibilityState === 'hidden' ? this.hide() : this.show());
    document.addEventListener('visibilitychange', seen);
    return () => {
      window.clearInterval(watchdog);
      document.removeEventListener('visibilitychange', seen);
      this.source?.close();
    };
  }

  // What a part of the page shows, until the function that this returns is called: an event, or "view:NAME".
  want(what: string): () => void {
    this.wants.add(what);
    this.reconsider();
    return () => {
      this.wants.remove(what);
      this.reconsider();
    };
  }

  // A stream that lacks something is opened anew, one that has too much as well.
  private reconsider(): void {
    window.clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      if (this.source && !this.resting && streamAddress(this.wants) !== this.asked) this.open();
    }, wantsSettleMs);
  }

  // A tab that is looked away from for a moment keeps its stream.
  private hide(): void {
    window.clearTimeout(this.hiding);
    this.hiding = window.setTimeout(() => {
      this.resting = true;
      this.source?.close();
      this.source = null;
    }, hiddenAfterMs);
  }

  private show(): void {
    window.clearTimeout(this.hiding);
    if (!this.resting) return;
    this.resting = false;
    this.lastEvent = Date.now();
    this.rates.push({ time: this.lastEvent + this.skew, recordsIn: null, rowsOut: null }); // a time that was not seen
    this.open();
  }

  retryNow = () => {
    this.attempt = 0;
    this.open();
  };

  private open(): void {
    this.source?.close();
    this.asked = streamAddress(this.wants);
    const source = new EventSource(this.asked);
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
    this.on<FlowList>(source, 'flows', (flows) => this.flowsCame(flows));
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
      handle(parse((event as MessageEvent<string>).data) as T);
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
      if (this.connection === 'lost' && !this.source && !this.resting) this.open();
    }, wait);
    this.changed();
  }

  private flowsCame(flows: FlowList): void {
    this.client?.setQueryData(['flows'], flows);
    for (const flow of flows.flows)
      for (const sink of flow.sinks) {
        const windows = sink.kind === 'view' ? this.windows.get(sink.name) : undefined;
        if (windows) windows.knownSize = sizeOf(flow.sql);
      }
  }

  private windowsOf(view: Pick<View, 'name' | 'columns' | 'key'>): Windows | null {
    const shape = shapeOf(view.columns, view.key);
    if (!shape) return null;
    const known = this.windows.get(view.name);
    if (known && JSON.stringify(known.shape) === JSON.stringify(shape)) return known;
    const windows = new Windows(shape, keptWindows);
    this.windows.set(view.name, windows);
    return windows;
  }

  private viewChanged(change: ViewChange): void {
    this.changes.set(change.view, change);
    const windows = this.windowsOf({ name: change.view, columns: change.columns, key: change.key });
    if (!windows) return;
    windows.apply(change);
    windows.watermark = change.watermark ? Date.parse(change.watermark) : windows.watermark;
    windows.committed = Date.parse(change.committed);
    if (change.rows === null) void this.reread(change.view);
  }

  // The rows of a change that was too large for an event; one answer at a time.
  private async reread(view: string): Promise<void> {
    if (this.reading.has(view)) return;
    this.reading.add(view);
    try {
      this.windows.get(view)?.apply(await get('/api/v1/views/{name}/rows', { path: { name: view }, query: { limit: firstRows } }));
      this.changed();
    } catch {
      // The next change asks again.
    } finally {
      this.reading.delete(view);
    }
  }

  // Reads what the stream does not repeat: the newest rows, and the whole of each window further back. Rows carry their
  // batch, so it does not matter whether this answer or a newer event comes first.
  private async refill(): Promise<void> {
    try {
      const { views } = await get('/api/v1/views');
      this.client?.setQueryData(['views'], { views });
      for (const view of views) {
        const windows = this.windowsOf(view);
        if (!windows || !this.wants.has(`view:${view.name}`)) continue;
        const path = { name: view.name };
        windows.apply(await get('/api/v1/views/{name}/rows', { path, query: { limit: firstRows } }));
        this.changed();
        const whole = windows.sets()[0];
        if (windows.shape.set === null || !whole) continue;
        windows.apply(await get('/api/v1/views/{name}/rows', { path, query: { where: `${windows.shape.set}=${whole.id}`, limit: firstRows } }));
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

// Keeps the page told of an event, or of "view:NAME", while whoever calls it is on the page.
export function useWant(what: string): void {
  useEffect(() => live.want(what), [what]);
}

// Renders again only when the connection changes.
export function useConnection(): Connection {
  return useSyncExternalStore(live.subscribe, () => live.connection);
}

// Renders again when anything live has changed, at most once a frame.
export function useLive(): Live {
  useSyncExternalStore(live.subscribe, live.snapshot);
  return live;
}
