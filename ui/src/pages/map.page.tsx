import type { Page } from '../shell/page';
import { Home } from './Home';

export const pages: Page[] = [{ path: '/', title: 'Map', page: () => <Home />, menu: { text: 'Map', order: 10 } }];
