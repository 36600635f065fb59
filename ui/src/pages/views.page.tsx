import type { Page } from '../shell/page';
import { Views } from './Lists';
import { View } from './View';

export const pages: Page[] = [
  { path: '/views', title: 'Views', page: () => <Views />, menu: { text: 'Views', order: 50 } },
  { path: '/view', page: (name) => <View key={name} name={name} />, under: '/views' },
];
