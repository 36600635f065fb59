import type { Page } from '../shell/page';
import { BreakIt } from './BreakIt';

export const pages: Page[] = [{ path: '/demo', title: 'Break it', page: () => <BreakIt />, menu: { text: 'Break it', order: 90, demo: true } }];
