// What the page reads, under one key each. The stream writes to the same keys, so these fill in before its first event.
import { useQuery } from '@tanstack/react-query';
import { get, getCatalog, getGraph } from './client';
import type { FlowList, Topic } from './types';

export const useStatus = () => useQuery({ queryKey: ['status'], queryFn: ({ signal }) => get('/api/v1/status', undefined, signal) });
export const useFlows = () =>
  useQuery({ queryKey: ['flows'], queryFn: async ({ signal }) => (await get('/api/v1/flows', undefined, signal)) as FlowList });
export const useTables = () => useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => get('/api/v1/tables', undefined, signal) });
export const useViews = () => useQuery({ queryKey: ['views'], queryFn: ({ signal }) => get('/api/v1/views', undefined, signal) });
export const useLedger = () => useQuery({ queryKey: ['ledger'], queryFn: ({ signal }) => get('/api/v1/ledger', undefined, signal) });
export const useGraph = () => useQuery({ queryKey: ['graph'], queryFn: ({ signal }) => getGraph(signal) });
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
