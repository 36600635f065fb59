// Screenshots of every page of a running server: light, dark, phone.
//   TARN_URL=http://127.0.0.1:8080 TARN_SHOTS=/tmp/shots node shots.mjs [name-prefix]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withBrowser } from './browser.mjs';

const pages = {
  map: '/', list: '/?show=list', topics: '/topics', topic: '/topic?name=clicks', send: '/topic?name=clicks&tab=send', tables: '/tables', table: '/table?name=bronze.clicks',
  schema: '/table?name=bronze.clicks&tab=schema', files: '/table?name=bronze.clicks&tab=files', care: '/table?name=bronze.clicks&tab=care', rows: '/table?name=bronze.clicks&tab=rows', flows: '/flows', flow: '/flow?name=clicks.table',
  aside: '/flow?name=clicks.table&tab=errors',
  silver: '/table?name=silver.clicks', 'silver-flow': '/flow?name=silver.clicks', sessions: '/table?name=gold.sessions&tab=rows', 'sessions-flow': '/flow?name=gold.sessions',
  funnel: '/table?name=gold.funnel', 'silver-quarantine': '/table?name=quarantine.silver_clicks&tab=rows',
  gold: `/sql?run=1&show=chart&sql=${encodeURIComponent('select country, sum(saw_3_pages) as saw_3_pages\nfrom gold.funnel\ngroup by country\norder by saw_3_pages desc')}`,
  views: '/views', view: '/view?name=live.clicks_windows&by=2', runs: '/runs',
  sql: `/sql?run=1&sql=${encodeURIComponent('select category, count(*) as clicks\nfrom bronze.clicks\ngroup by category\norder by clicks desc')}`,
  chart: `/sql?run=1&show=chart&sql=${encodeURIComponent('select category, count(*) as clicks\nfrom bronze.clicks\ngroup by category\norder by clicks desc')}`,
  wrong: `/sql?run=1&sql=${encodeURIComponent('select wrong from nowhere')}`, follow: '/trace', trace: '/trace?topic=clicks&partition=0&offset=100', 'break-it': '/demo', error: '/errors?id=TARN-E0301',
};
const modes = {
  light: { colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
};

export async function takeShots(url, folder, prefix = '', only = Object.keys(pages)) {
  mkdirSync(folder, { recursive: true });
  for (const [mode, options] of Object.entries(modes)) {
    await withBrowser(options, async (_context, page) => {
      for (const name of only) {
        await page.goto(url + pages[name]);
        await page.waitForTimeout(2500);
        await page.screenshot({ path: join(folder, `${prefix}${name}-${mode}.png`), fullPage: true });
      }
    });
  }
}

if (process.argv[1]?.endsWith('shots.mjs')) {
  await takeShots(process.env.TARN_URL ?? 'http://127.0.0.1:8080', process.env.TARN_SHOTS ?? 'shots', process.argv[2] ?? '', process.argv.length > 3 ? process.argv.slice(3) : undefined);
}
