import type { Page } from '../shell/page';
import { Group } from './Group';
import { Groups } from './Groups';

export const pages: Page[] = [
  { path: '/groups', title: 'Groups', page: () => <Groups />, menu: { text: 'Groups', order: 25 } },
  { path: '/group', page: (name) => <Group key={name} name={name} />, under: '/groups' },
];
