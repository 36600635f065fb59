import { describe, expect, it } from 'vitest';
import { menu, pageAt, pages } from './pages';

describe('pages', () => {
  it('are found, each at an address of its own', () => {
    expect(pageAt('/')?.title).toBe('Map');
    expect(new Set(pages.map((page) => page.path)).size).toBe(pages.length);
    expect(pageAt('/nothing')).toBeUndefined();
  });
  it('stand in the menu in their order, or below an entry of it', () => {
    expect(menu.map((entry) => entry.text)).toEqual(['Map', 'Topics', 'Groups', 'Tables', 'Flows', 'Views', 'Runs', 'SQL', 'Follow', 'Break it']);
    for (const page of pages) if (page.under) expect(menu.map((entry) => entry.path)).toContain(page.under);
  });
});
