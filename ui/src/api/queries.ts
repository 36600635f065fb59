// What the page reads, under one key each. The stream writes to the same keys, so these fill in before its first event;
// what it tells only those who ask (useWant) is asked for as long as a part of the page reads it.
import { useQuery } from '@tanstack/react-query';
import { useWant } from '../live/stream';
import { get, notHere } from './client';

export const useStatus = () => useQuery({ queryKey: ['status'], queryFn: ({ signal }) => get('/api/v1/status', undefined, signal) });
// Where Kafka's clients find this server, for commands to copy.
export const useKafka = (): string => useStatus().data?.kafka_address ?? '127.0.0.1:9092';
export const useFlows = () => useQuery({ queryKey: ['flows'], queryFn: ({ signal }) => get('/api/v1/flows', undefined, signal) });
export function useTables() {
  useWant('tables');
  return useQuery({ queryKey: ['tables'], queryFn: ({ signal }) => get('/api/v1/tables', undefined, signal) });
}
export const useDropped = () => useQuery({ queryKey: ['tables', 'dropped'], queryFn: ({ signal }) => get('/api/v1/dropped', undefined, signal) });
export const useViews = () => useQuery({ queryKey: ['views'], queryFn: ({ signal }) => get('/api/v1/views', undefined, signal) });
export function useLedger() {
  useWant('ledger');
  return useQuery({ queryKey: ['ledger'], queryFn: ({ signal }) => get('/api/v1/ledger', undefined, signal) });
}
export function useGraph() {
  useWant('graph');
  return useQuery({ queryKey: ['graph'], queryFn: ({ signal }) => get('/api/v1/graph', undefined, signal) });
}
// Whether the demo's supervisor runs this server; elsewhere there is none to ask.
export const useDemo = (refetchInterval: number | false = false) =>
  useQuery({ queryKey: ['demo'], queryFn: ({ signal }) => get('/api/v1/demo', undefined, signal), refetchInterval: (q) => (notHere(q.state.error) ? false : refetchInterval), retry: false, ...(refetchInterval === false ? {} : { staleTime: 0 }) });
export const useCatalog = () =>
  useQuery({ queryKey: ['catalog'], queryFn: ({ signal }) => get('/api/v1/catalog', undefined, signal), staleTime: 60_000, retry: false });

// The stream does not tell of topics: they are read every so often while a page shows them.
export const useTopics = (internal = false) =>
  useQuery({
    queryKey: ['topics', internal],
    queryFn: ({ signal }) => get('/api/v1/topics', { query: { internal } }, signal),
    refetchInterval: 2000,
  });
// Nor of consumer groups.
export const useGroups = () => useQuery({ queryKey: ['groups'], queryFn: ({ signal }) => get('/api/v1/groups', undefined, signal), refetchInterval: 2000 });
export const useTopic = (name: string) =>
  useQuery({
    queryKey: ['topic', name],
    queryFn: ({ signal }) => get('/api/v1/topics/{name}', { path: { name } }, signal),
    refetchInterval: 1000,
    enabled: name !== '',
  });
