import { lazy } from 'react';
import type { Page } from '../shell/page';

const Check = lazy(() => import('./Check'));

export const pages: Page[] = [{ path: '/check', title: 'Frames', page: () => <Check /> }];
