// Shapes agreed on for additions to the contract; gone as soon as schema.ts has them.
import type { components } from './schema';

type Schemas = components['schemas'];
export type NodeKind = 'producer' | 'topic' | 'flow' | 'table' | 'view' | 'dashboard';
export type NodeState = 'ok' | 'idle' | 'warn' | 'error' | 'paused';
export interface GraphNode {
  id: string;
  kind: NodeKind;
  name: string;
  layer: string;
  state: NodeState;
  reason: string;
  records_per_second: number | null;
  lag: number | null;
  lag_unit: 'records' | 'versions' | null;
  freshness_ms: number | null;
  bytes: number | null;
  rows: number | null;
  detail: string;
}
export interface GraphEdge {
  from: string;
  to: string;
  records_per_second: number | null;
}
export interface Graph {
  as_of: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
}
export type Flow = Omit<Schemas['Flow'], 'kind'> & {
  kind: 'table' | 'live' | 'model';
  source_kind?: 'topic' | 'table';
  lag_unit?: 'records' | 'versions';
  duplicates?: number;
  outside_horizon?: number;
  file?: string;
  strategy?: '' | 'append' | 'sessions' | 'merge';
  why?: Schemas['FlowWhy'];
};
export type Topic = Schemas['Topic'] & { records_per_second?: number | null };
export interface Produced {
  topic: string;
  partition: number;
  offset: number;
  timestamp: string;
}
export interface TableFile {
  path: string;
  bytes: number;
  rows: number | null;
  modified: string;
  partition: Record<string, string | null>;
}
export interface TableFiles {
  table: string;
  version: number;
  files: TableFile[];
  next: string | null;
}
export interface Catalog {
  tables: { name: string; kind: 'table' | 'view' | 'system'; columns: { name: string; type: string }[] }[];
  functions: string[];
}
