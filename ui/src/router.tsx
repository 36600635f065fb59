// Where the page is: a path without dots, and everything else in the query, so that any name fits. Links are real links.
import { useCallback, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
if (typeof window !== 'undefined') window.addEventListener('popstate', tell);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
const here = () => location.pathname + location.search;

export function navigate(to: string, how: { replace?: boolean } = {}): void {
  if (to === here()) return;
  const page = to.split('?')[0] !== location.pathname;
  if (how.replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  tell();
  if (page && !how.replace) window.scrollTo(0, 0);
}

export interface Place {
  path: string;
  query: URLSearchParams;
}

export function usePlace(): Place {
  const at = useSyncExternalStore(subscribe, here);
  const [path = '/', query = ''] = at.split('?');
  return { path, query: new URLSearchParams(query) };
}

// An address of a page with its parameters; those that are empty are left out.
export function address(path: string, query: Record<string, string | number | null | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size ? `${path}?${search}` : path;
}

// Changes parameters of the present address; null takes one away. A step that Back undoes, unless `replace`.
export function setParams(change: Record<string, string | number | null>, how: { replace?: boolean } = {}): void {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') search.delete(name);
    else search.set(name, String(value));
  }
  navigate(search.size ? `${location.pathname}?${search}` : location.pathname, how);
}

// One parameter of the address as state; `otherwise` is what stands when it is absent.
export function useParam(name: string, otherwise: string, how: { replace?: boolean } = {}): [string, (value: string) => void] {
  const { query } = usePlace();
  const replace = how.replace ?? false;
  const set = useCallback(
    (value: string) => setParams({ [name]: value === otherwise ? null : value }, { replace }),
    [name, otherwise, replace],
  );
  return [query.get(name) ?? otherwise, set];
}

export function Link({ to, onClick, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const go = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={to} onClick={go} {...rest} />;
}

// The page of a node of the map.
export function nodeAddress(id: string): string {
  const kind = id.slice(0, id.indexOf(':'));
  const name = id.slice(kind.length + 1);
  switch (kind) {
    case 'topic':
    case 'table':
    case 'flow':
    case 'view':
    case 'group':
      return address(`/${kind}`, { name });
    case 'producer':
      return '/demo';
    default:
      return '/views';
  }
}
