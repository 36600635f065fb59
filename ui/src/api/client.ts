// The typed client: paths, parameters and answers are those of the contract (tools/openapi.py) and nothing else compiles.
import { parse, write } from './exact';
import type { paths } from './schema';
import type { ApiErrorBody, Optimize, Optimized, Produced, Repaired, Restore, Restored, SqlResult, Undropped, Vacuum, Vacuumed, Validated } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
  ) {
    super(body.message);
  }
}

type Answered = paths['/api/v1/demo/{action}']['post']['responses'][202]['content']['application/json'];
type GetPaths = { [P in keyof paths]: paths[P]['get'] extends object ? P : never }[keyof paths];
type Answer<P extends GetPaths> = paths[P]['get'] extends {
  responses: { 200: { content: { 'application/json': infer T } } };
}
  ? T
  : never;
type Parameters<P extends GetPaths> = paths[P] extends { get: { parameters: infer G }; parameters: infer S }
  ? (G extends { path: infer T } ? { path: T } : S extends { path: infer T } ? { path: T } : object) &
      (G extends { query?: infer Q } ? { query?: Q } : object)
  : object;

async function failure(response: Response): Promise<ApiError> {
  const fallback: ApiErrorBody = {
    id: 'TARN-E0012',
    code: 'internal',
    message: `the server answered with status ${response.status}`,
    todo: 'Look into the server’s log.',
  };
  try {
    const json = (await response.json()) as { error?: ApiErrorBody };
    return new ApiError(response.status, json.error ?? fallback);
  } catch {
    return new ApiError(response.status, fallback);
  }
}

async function answer<T>(response: Response, asWrittenFrom?: number): Promise<T> {
  if (!response.ok) throw await failure(response);
  return parse(await response.text(), asWrittenFrom) as T;
}

export async function get<P extends GetPaths>(
  path: P,
  parameters?: Parameters<P>,
  signal?: AbortSignal,
): Promise<Answer<P>> {
  const given = (parameters ?? {}) as { path?: Record<string, string>; query?: Record<string, unknown> };
  let url: string = path;
  for (const [name, value] of Object.entries(given.path ?? {})) url = url.replace(`{${name}}`, encodeURIComponent(value));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) if (value !== undefined) query.set(name, String(value));
  return answer(await fetch(query.size ? `${url}?${query}` : url, signal ? { signal } : {}));
}

async function post<T>(url: string, body?: unknown, signal?: AbortSignal, asWrittenFrom?: number): Promise<T> {
  return answer(
    await fetch(url, {
      method: 'POST',
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: write(body) }),
      ...(signal ? { signal } : {}),
    }),
    asWrittenFrom,
  );
}

const insideCells = 4; // {"rows": [{"column": [or { …
export const runSql = (sql: string, signal: AbortSignal) =>
  post<SqlResult>('/api/v1/sql', { sql }, signal, insideCells);

export async function flowAction(name: string, action: 'pause' | 'resume' | 'rebuild'): Promise<void> {
  await post(`/api/v1/flows/${encodeURIComponent(name)}/${action}`);
}

const enc = encodeURIComponent;
export const sendRecord = (topic: string, body: { value: string | null; key: string | null; partition?: number }) =>
  post<Produced>(`/api/v1/topics/${enc(topic)}/records`, body);
// Care of tables: each answers when it is done.
const care = <T>(table: string, verb: string, body: object) => post<T>(`/api/v1/tables/${enc(table)}/${verb}`, body);
export const optimizeTable = (table: string, body: Optimize) => care<Optimized>(table, 'optimize', body);
export const vacuumTable = (table: string, body: Vacuum) => care<Vacuumed>(table, 'vacuum', body);
export const restoreTable = (table: string, body: Restore) => care<Restored>(table, 'restore', body);
export const validateTable = (table: string) => care<Validated>(table, 'validate', {});
export const repairTable = (table: string, dry: boolean) => care<Repaired>(table, 'repair', { dry_run: dry });
export const dropTable = (table: string) => care<unknown>(table, 'drop', {});
export const undropTable = (table: string, id: string) => care<Undropped>(table, 'undrop', { id });
export const demoAction = (action: string) => post<Answered>(`/api/v1/demo/${enc(action)}`);

// True where this server has no such address at all, as one of another version or without the demo's supervisor.
export function notHere(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404 && (error.body.id === 'TARN-E0406' || error.body.message.startsWith('the API has no such address'));
}
