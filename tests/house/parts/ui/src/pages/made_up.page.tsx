import type { Page } from '../shell/page';

export const pages: Page[] = [
  { path: '/made-up', title: 'Made up', page: () => <h1>A made-up page</h1>, menu: { text: 'Made up', order: 990 } },
];
