import type { Page } from '../shell/page';
import { Tables } from './Lists';
import { Table } from './Table';

export const pages: Page[] = [
  { path: '/tables', title: 'Tables', page: () => <Tables />, menu: { text: 'Tables', order: 30 } },
  { path: '/table', page: (name) => <Table key={name} name={name} />, under: '/tables' },
];
