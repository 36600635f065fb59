// Queries that this browser remembers: what was run, newest first, and what was saved under a name. Lists are pure;
// where they are kept may refuse, and then nothing is remembered.
export interface Ran {
  sql: string;
  at: number; // ms
  rows: number | null; // null: it failed
}
export interface Saved {
  name: string;
  sql: string;
}

export const mostRan = 100;

// One that is run again moves to the top.
export function withRan(list: Ran[], ran: Ran): Ran[] {
  return [ran, ...list.filter((r) => r.sql !== ran.sql)].slice(0, mostRan);
}

// Another under the same name is replaced.
export function withSaved(list: Saved[], saved: Saved): Saved[] {
  return [...list.filter((s) => s.name !== saved.name), saved].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

export function read<T extends { sql: string }>(key: string, storage: Pick<Storage, 'getItem'> = localStorage): T[] {
  try {
    const list: unknown = JSON.parse(storage.getItem(key) ?? '[]');
    return Array.isArray(list) ? list.filter((e): e is T => typeof (e as T | null)?.sql === 'string') : [];
  } catch {
    return [];
  }
}

export function keep<T>(key: string, list: T[], storage: Pick<Storage, 'setItem'> = localStorage): void {
  try {
    storage.setItem(key, JSON.stringify(list));
  } catch {
    // A browser that keeps nothing, or is full: the list lives as long as the page.
  }
}
