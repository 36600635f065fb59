// The README's pictures of the page: starts a demo, waits until all of it is alive, and photographs it in light and dark.
//   node pictures.mjs [folder]     writes page-{light,dark}.png and follow-{light,dark}.png (make pictures)
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withBrowser } from './browser.mjs';
import { startDemo } from './demo.mjs';
import { live, patience } from './steps.mjs';

const size = { width: 1280, height: 800 };
const mostBytes = 200_000;

async function asked(url, sql) {
  const answer = await fetch(`${url}/api/v1/sql`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ sql }) });
  return answer.ok ? (await answer.json()).rows : [];
}

// A click that has come as far as clicks do, a closed session; by then every node of the map has had something.
async function oldClick(url) {
  const sql = `
    select s.event_id
    from silver.clicks as s join gold.sessions as g using (session_id) anti join late.clicks as l using (event_id)
    where s.event_time between g.started_at and g.ended_at
    order by s.event_time desc
    limit 1`;
  for (let i = 0; i < 180; i += 1) {
    const [row] = await asked(url, sql);
    if (row) return row.event_id;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return assert.fail('no session was closed within three minutes');
}

async function photograph(page, folder, name) {
  const path = join(folder, `${name}.png`);
  const png = await page.screenshot();
  assert.ok(png.length < mostBytes, `${path} has ${png.length} bytes, more than ${mostBytes}: show less on it`);
  writeFileSync(path, png);
  console.log(`${path}: ${Math.round(png.length / 1000)} kB`);
}

async function inScheme(url, id, folder, colorScheme) {
  await withBrowser({ colorScheme, viewport: size }, async (_context, page) => {
    await page.goto(url);
    await live(page);
    await page.locator('.ledger[data-verdict="good"]').waitFor(patience);
    await page.locator('.map-edges text').first().waitFor(patience);
    await page.waitForTimeout(5000); // lines of the last seconds
    await photograph(page, folder, `page-${colorScheme}`);
    await page.goto(`${url}/trace?id=${encodeURIComponent(id)}`);
    await page.getByText(/It has passed all \d+ steps/).first().waitFor(patience);
    await photograph(page, folder, `follow-${colorScheme}`);
  });
}

const folder = process.argv[2] ?? 'pictures';
mkdirSync(folder, { recursive: true });
const demo = await startDemo();
try {
  const id = await oldClick(demo.url);
  for (const scheme of ['light', 'dark']) await inScheme(demo.url, id, folder, scheme);
} finally {
  await demo.stop();
}
