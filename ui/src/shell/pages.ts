// Every page there is, found by the names of the files.
import { useMemo } from 'react';
import { useDemo } from '../api/queries';
import type { Page } from './page';

const files = import.meta.glob<{ pages: Page[] }>('../pages/*.page.tsx', { eager: true });

export const pages: Page[] = Object.values(files).flatMap((file) => file.pages);

export const menu = pages
  .flatMap((page) => (page.menu ? [{ path: page.path, ...page.menu }] : []))
  .sort((a, b) => a.order - b.order);

// Of this server: what only the demo has is left out elsewhere.
export function useMenu(): typeof menu {
  const supervised = useDemo().data?.supervised ?? false;
  return useMemo(() => menu.filter((entry) => supervised || !entry.demo), [supervised]);
}

export const pageAt = (path: string): Page | undefined => pages.find((page) => page.path === path);
