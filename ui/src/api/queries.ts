// What the page reads, under one key each. The stream writes to the same keys, so these fill in before its first event.
import { useQuery } from '@tanstack/react-query';
import { derive } from '../live/derive';
import { live } from '../live/stream';
import { get, getCatalog, getGraph, notHere } from './client';
import type { FlowList, Graph, Topic } from './types';

export const useStatus = () => useQuery({ queryKey: ['status'], queryFn: ({ signal }) => get('/api/v1/status', undefined, signal) });
export const useFlows = () =>
  useQuery({ queryKey: ['flows'], queryFn: async ({ signal }) => (await get('/api/v1/flows', undefined, signal)) as FlowList });
export const useTables = () => useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => get('/api/v1/tables', undefined, signal) });
export const useViews = () => useQuery({ queryKey: ['views'], queryFn: ({ signal }) => get('/api/v1/views', undefined, signal) });
export const useLedger = () => useQuery({ queryKey: ['ledger'], queryFn: ({ signal }) => get('/api/v1/ledger', undefined, signal) });

// Where the server draws no map, it is drawn from its lists, every other second.
let draws = true;
async function graph(signal: AbortSignal): Promise<Graph> {
  if (draws) {
    try {
      return await getGraph(signal);
    } catch (error) {
      if (!notHere(error)) throw error;
      draws = false;
    }
  }
  const [{ flows }, { topics }, { tables }, { views }, ledger] = await Promise.all([
    get('/api/v1/flows', undefined, signal) as Promise<FlowList>,
    get('/api/v1/topics', undefined, signal),
    get('/api/v1/tables', undefined, signal),
    get('/api/v1/views', undefined, signal),
    get('/api/v1/ledger', undefined, signal),
  ]);
  return derive({ flows, topics, tables, views, producer: ledger.producer !== null, now: live.now() });
}
export const useGraph = () =>
  useQuery({ queryKey: ['graph'], queryFn: ({ signal }) => graph(signal), refetchInterval: () => (draws ? false : 2000) });
export const useCatalog = () =>
  useQuery({ queryKey: ['catalog'], queryFn: ({ signal }) => getCatalog(signal), staleTime: 60_000, retry: false });

// The stream does not tell of topics: they are read every so often while a page shows them.
export const useTopics = (internal = false) =>
  useQuery({
    queryKey: ['topics', internal],
    queryFn: async ({ signal }) => (await get('/api/v1/topics', { query: { internal } }, signal)) as { topics: Topic[] },
    refetchInterval: 2000,
  });
export const useTopic = (name: string) =>
  useQuery({
    queryKey: ['topic', name],
    queryFn: async ({ signal }) => (await get('/api/v1/topics/{name}', { path: { name } }, signal)) as Topic,
    refetchInterval: 1000,
    enabled: name !== '',
  });
