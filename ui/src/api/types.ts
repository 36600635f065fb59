// Short names for what the contract promises.
import type { components } from './schema';

type Schemas = components['schemas'];
export type Status = Schemas['Status'];
export type Flow = Schemas['Flow'];
export type FlowList = Schemas['FlowList'];
export type Table = Schemas['Table'];
export type TableList = Schemas['TableList'];
export type Topic = Schemas['Topic'];
export type View = Schemas['View'];
export type ViewRows = Schemas['ViewRows'];
export type ViewChange = Schemas['ViewChange'];
export type Ledger = Schemas['Ledger'];
export type LedgerLine = Schemas['LedgerLine'];
export type SqlResult = Schemas['SqlResult'];
export type Hello = Schemas['EventHello'];
export type ApiErrorBody = Schemas['Error']['error'];
export type Cell = Schemas['Cell'];
