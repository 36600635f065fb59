// Short names for what the contract promises.
import type { components } from './schema';
export type * from './pending';
import type { Flow } from './pending';

type Schemas = components['schemas'];
export type Status = Schemas['Status'];
export type FlowList = { flows: Flow[] };
export type Table = Schemas['Table'];
export type TableList = Schemas['TableList'];
export type Commit = Schemas['Commit'];
export type Column = Schemas['Column'];
export type Payload = Schemas['Payload'];
export type LogRecord = Schemas['Record'];
export type RecordPage = Schemas['RecordPage'];
export type Run = Schemas['Run'];
export type View = Schemas['View'];
export type ViewRows = Schemas['ViewRows'];
export type ViewChange = Schemas['ViewChange'];
export type Ledger = Schemas['Ledger'];
export type Trace = Schemas['Trace'];
export type TraceStep = Schemas['TraceStep'];
export type Demo = Schemas['Demo'];
export type Fault = Demo['faults'][number];
export type LedgerLine = Schemas['LedgerLine'];
export type SqlResult = Schemas['SqlResult'];
export type Hello = Schemas['EventHello'];
export type ApiErrorBody = Schemas['Error']['error'];
export type Cell = Schemas['Cell'];
