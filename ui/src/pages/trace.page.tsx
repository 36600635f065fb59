import type { Page } from '../shell/page';
import { Follow } from './Follow';

export const pages: Page[] = [{ path: '/trace', title: 'Follow an event', page: () => <Follow />, menu: { text: 'Follow', order: 80 } }];
