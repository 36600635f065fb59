import { createContext, useContext, useMemo, type ReactNode } from 'react';
import { useGraph } from '../api/queries';
import { GraphMap } from '../map/GraphMap';
import { around } from '../map/model';
import { Why } from './Why';

// The head of a node's page: what it is, how it is, and where else the same stands.
export function NodeHead({ kind, name, why, commands, children }: { kind: string; name: string; why: ReactNode; commands: string[]; children?: ReactNode }) {
  const node = useGraph().data?.nodes.find((n) => n.id === `${kind}:${name}`);
  return (
    <div className="node-head">
      <div>
        <small>{kind}</small>
        <h1>{name} <Why label={`${kind} ${name}`} text={why} commands={commands} /></h1>
      </div>
      {node && kind !== 'flow' && (node.state === 'warn' || node.state === 'error') && (
        <p className={`verdict ${node.state}`}><b>{node.state === 'error' ? 'Wrong' : 'Look'}:</b> {node.reason}</p>
      )}
      <div className="node-tools">{children}</div>
    </div>
  );
}

// What stands before and after a node, on the map.
export function Neighbours({ id, steps = 2 }: { id: string; steps?: number }) {
  const graph = useGraph().data;
  const picture = useMemo(() => (graph ? around(graph, id, steps) : null), [graph, id, steps]);
  if (!picture || picture.nodes.length < 2) return null;
  return (
    <section className="panel mini" aria-label="Where it stands">
      <GraphMap picture={picture} here={id} label={`What stands around ${id}`} />
    </section>
  );
}

interface Source {
  from: string; // where these facts were read
  commands: string[];
}
const FactSource = createContext<Source | null>(null);

// Facts in a row: a name, a value with its unit, and why. Those with no reason of their own say where they were read.
export function Facts({ from, commands, children }: Partial<Source> & { children: ReactNode }) {
  const source = useMemo(() => (from ? { from, commands: commands ?? [] } : null), [from, commands?.join()]); // eslint-disable-line
  return (
    <FactSource.Provider value={source}>
      <dl className="fact-row">{children}</dl>
    </FactSource.Provider>
  );
}

export function Fact({ name, value, tone, children }: { name: string; value: ReactNode; tone?: string | undefined; children?: ReactNode }) {
  const source = useContext(FactSource);
  return (
    <div className={tone}>
      <dt>{name} {children ?? (source && <Why label={name} text={source.from} commands={source.commands} />)}</dt>
      <dd>{value}</dd>
    </div>
  );
}

// Parts of a page, one at a time; which one stands in the address.
export function Tabs({ tabs, at, set }: { tabs: [string, string][]; at: string; set: (tab: string) => void }) {
  const move = (step: number) => {
    const i = tabs.findIndex(([id]) => id === at);
    const next = tabs[(i + step + tabs.length) % tabs.length];
    if (next) set(next[0]);
  };
  return (
    <div className="tabs" role="tablist" onKeyDown={(e) => { if (e.key === 'ArrowRight') move(1); if (e.key === 'ArrowLeft') move(-1); }}>
      {tabs.map(([id, name]) => (
        <button key={id} type="button" role="tab" aria-selected={at === id} tabIndex={at === id ? 0 : -1} onClick={() => set(id)} ref={(b) => { if (b && at === id && b.parentElement?.contains(document.activeElement)) b.focus(); }}>{name}</button>
      ))}
    </div>
  );
}
