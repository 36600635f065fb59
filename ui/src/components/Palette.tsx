import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Graph } from '../api/types';
import { useFlows, useGraph, useGroups, useTables, useViews } from '../api/queries';
import { rank, type Found } from '../live/find';
import { navigate, nodeAddress } from '../router';
import { useMenu } from '../shell/pages';

const openEvent = 'tarn-find';
export const openPalette = () => window.dispatchEvent(new Event(openEvent));
const shown = 40;

const commands = [
  'tarn flow list', 'tarn table list', 'tarn topic list', 'tarn group list', 'tarn settings list', 'tarn doctor', 'tarn up --project FOLDER', 'tarn sql "select 1"',
];

function useItems(): Found[] {
  const graph = useGraph().data;
  const flows = useFlows().data;
  const tables = useTables().data;
  const views = useViews().data;
  const groups = useGroups().data;
  const client = useQueryClient();
  const menu = useMenu();
  return useMemo(() => {
    const items: Found[] = menu.map((page) => ({ kind: 'page', name: page.text, run: page.path }));
    const seen = new Set<string>();
    const node = (kind: string, name: string) => {
      if (seen.has(`${kind}:${name}`)) return;
      seen.add(`${kind}:${name}`);
      items.push({ kind, name, run: nodeAddress(`${kind}:${name}`) });
    };
    for (const n of (graph ?? client.getQueryData<Graph>(['graph']))?.nodes ?? []) if (n.kind !== 'dashboard' && n.kind !== 'producer') node(n.kind, n.name);
    for (const t of tables?.tables ?? []) node('table', t.name);
    for (const v of views?.views ?? []) node('view', v.name);
    for (const g of groups?.groups ?? []) node('group', g.name);
    for (const f of flows?.flows ?? []) {
      node('flow', f.name);
      items.push({ kind: 'command', name: `tarn flow why ${f.name}`, run: null });
    }
    for (const c of commands) items.push({ kind: 'command', name: c, run: null });
    return items;
  }, [graph?.nodes.length, flows?.flows.length, tables?.tables.length, views?.views.length, groups?.groups.length, menu]); // eslint-disable-line
}

function Dialog({ close }: { close: () => void }) {
  const items = useItems();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [copied, setCopied] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const found = useMemo(() => rank(items, text, shown), [items, text]);
  useEffect(() => setAt(0), [text]);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const choose = async (item: Found | undefined) => {
    if (!item) return;
    if (item.run !== null) {
      close();
      navigate(item.run);
      return;
    }
    try {
      await navigator.clipboard.writeText(item.name);
      setCopied(`copied: ${item.name}`);
    } catch {
      setCopied('This browser does not let the page copy; select the text.');
    }
  };
  return (
    <div className="palette" role="dialog" aria-modal="true" aria-label="Find">
      <input
        role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={found[at] ? `palette-${at}` : undefined} aria-label="Find a node, page or command"
        placeholder="Find a topic, table, flow, view, page or command" value={text} autoFocus autoComplete="off" spellCheck={false}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown' || (e.key === 'Tab' && !e.shiftKey)) setAt((i) => Math.min(found.length - 1, i + 1));
          else if (e.key === 'ArrowUp' || e.key === 'Tab') setAt((i) => Math.max(0, i - 1));
          else if (e.key === 'Enter') void choose(found[at]);
          else if (e.key === 'Escape') close();
          else return;
          e.preventDefault();
        }}
      />
      <ul id="palette-list" role="listbox" aria-label="Found" ref={list}>
        {found.map((item, i) => (
          <li key={`${item.kind} ${item.name}`} id={`palette-${i}`} role="option" aria-selected={i === at} onPointerMove={() => setAt(i)} onClick={() => void choose(item)}>
            <small>{item.kind}</small>
            <span className={item.kind === 'page' ? '' : 'mono'}>{item.name}</span>
            <em>{item.run === null ? 'copy' : 'open'}</em>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="note">Nothing is called that. Names are searched letter by letter, in order.</p>}
      <p className="note palette-foot" role="status">{copied || '↑ ↓ choose · Enter opens, or copies a command · Esc closes'}</p>
    </div>
  );
}

// Ctrl-K: any node, page or command by some letters of its name.
export function Palette() {
  const [open, setOpen] = useState(false);
  const before = useRef<Element | null>(null);
  useEffect(() => {
    const show = () => {
      before.current = document.activeElement;
      setOpen(true);
    };
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        show();
      }
    };
    window.addEventListener(openEvent, show);
    window.addEventListener('keydown', key, true);
    return () => {
      window.removeEventListener(openEvent, show);
      window.removeEventListener('keydown', key, true);
    };
  }, []);
  if (!open) return null;
  const close = () => {
    setOpen(false);
    if (before.current instanceof HTMLElement) before.current.focus();
  };
  return (
    <div className="palette-back" onPointerDown={(e) => { if (e.target === e.currentTarget) close(); }}>
      <Dialog close={close} />
    </div>
  );
}
