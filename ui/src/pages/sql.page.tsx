import { lazy } from 'react';
import type { Page } from '../shell/page';

const Sql = lazy(() => import('./Sql'));

export const pages: Page[] = [{ path: '/sql', title: 'SQL', page: () => <Sql />, menu: { text: 'SQL', order: 70 } }];
