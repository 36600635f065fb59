import type { Page } from '../shell/page';
import { Topics } from './Lists';
import { Topic } from './Topic';

export const pages: Page[] = [
  { path: '/topics', title: 'Topics', page: () => <Topics />, menu: { text: 'Topics', order: 20 } },
  { path: '/topic', page: (name) => <Topic key={name} name={name} />, under: '/topics' },
];
