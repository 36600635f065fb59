import type { Page } from '../shell/page';
import { Flows } from './Lists';
import { Flow } from './Flow';

export const pages: Page[] = [
  { path: '/flows', title: 'Flows', page: () => <Flows />, menu: { text: 'Flows', order: 40 } },
  { path: '/flow', page: (name) => <Flow key={name} name={name} />, under: '/flows' },
];
