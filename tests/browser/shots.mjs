// Screenshots of the page of a running server: light, dark, phone.
//   TARN_URL=http://127.0.0.1:8080 TARN_SHOTS=/tmp/shots node shots.mjs [name-prefix]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withBrowser } from './browser.mjs';

export async function takeShots(url, folder, prefix = '') {
  mkdirSync(folder, { recursive: true });
  await withBrowser({ viewport: { width: 1360, height: 900 } }, async (_context, page) => {
    const shot = async (name) => page.screenshot({ path: join(folder, `${prefix}${name}.png`), fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(url);
    await page.waitForTimeout(4000);
    await shot('light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(1200);
    await shot('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(1200);
    await shot('phone');
  });
}

if (process.argv[1]?.endsWith('shots.mjs')) {
  await takeShots(process.env.TARN_URL ?? 'http://127.0.0.1:8080', process.env.TARN_SHOTS ?? 'shots', process.argv[2] ?? '');
}
