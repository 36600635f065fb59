// The typed client: paths, parameters and answers are those of src/server/openapi.yaml and nothing else compiles.
import type { paths } from './schema';
import type { ApiErrorBody, SqlResult } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
  ) {
    super(body.message);
  }
}

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
  const response = await fetch(query.size ? `${url}?${query}` : url, signal ? { signal } : {});
  if (!response.ok) throw await failure(response);
  return (await response.json()) as Answer<P>;
}

export async function runSql(sql: string, signal: AbortSignal): Promise<SqlResult> {
  const response = await fetch('/api/v1/sql', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sql }),
    signal,
  });
  if (!response.ok) throw await failure(response);
  return (await response.json()) as SqlResult;
}

export async function flowAction(name: string, action: 'pause' | 'resume'): Promise<void> {
  const response = await fetch(`/api/v1/flows/${encodeURIComponent(name)}/${action}`, { method: 'POST' });
  if (!response.ok) throw await failure(response);
}
