import type { Page } from '../shell/page';
import { Runs } from './Runs';

export const pages: Page[] = [{ path: '/runs', title: 'Runs', page: () => <Runs />, menu: { text: 'Runs', order: 60 } }];
