import type { Page } from '../shell/page';
import { ErrorPage } from './ErrorPage';

export const pages: Page[] = [{ path: '/errors', title: 'Error', page: () => <ErrorPage /> }];
