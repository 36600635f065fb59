import type { ReactNode } from 'react';

// What a file src/pages/<noun>.page.tsx exports as `pages`: addresses, and what stands there. Nothing else names them.
export interface Page {
  path: string;
  // Of the tab; the name of what is shown where it is left out.
  title?: string;
  page: (name: string) => ReactNode;
  // The place in the menu, the lowest first; pages without one are reached from others.
  menu?: { text: string; order: number; demo?: boolean }; // demo: only where the demo's supervisor runs
  // The entry of the menu that is marked while this page is open; its own where it has one.
  under?: string;
}
