// A new event like an old one: with an id of its own and the present time, wherever it has such fields.
import { Exact, indented, parse, write } from '../api/exact';
import { namesId } from './trace';

const isId = (name: string) => /^(event_?id|id|uuid|message_?id)$/i.test(name);
const isTime = (name: string) => /(^|_)(time|timestamp|ts|at)$/i.test(name);

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return `page-${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}

export function template(old: string | null, now = new Date(), id = newId()): string {
  let like: unknown = null;
  try {
    like = old === null ? null : parse(old);
  } catch {
    return old ?? '';
  }
  if (like === null || typeof like !== 'object' || Array.isArray(like) || like instanceof Exact)
    return JSON.stringify({ event_id: id, event_time: now.toISOString() }, null, 2);
  const own = Object.keys(like).some(isId) ? isId : (name: string) => name === Object.keys(like).find(namesId);
  const fresh = Object.entries(like).map(([name, value]) => {
    if (own(name) && typeof value === 'string') return [name, id];
    if (isTime(name) && typeof value === 'string' && !Number.isNaN(Date.parse(value))) return [name, now.toISOString()];
    if (isTime(name) && typeof value === 'number') return [name, value > 1e11 ? now.getTime() : Math.floor(now.getTime() / 1000)];
    return [name, value];
  });
  return indented(write(Object.fromEntries(fresh)));
}
