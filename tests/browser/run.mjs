// The page, seen by a browser: it is alive, the ledger holds, nothing leaves the machine, it survives losing its server.
//   node run.mjs                 starts bin/tarn demo (TARN_BIN) on free ports and a folder of its own, and stops it;
//                                then the stand-in server of ui/dev, for states and sizes that a demo does not have
//   TARN_URL=http://… node run.mjs   looks at a server that runs already (does not stop it)
//   node run.mjs --demo-only     without the stand-in
//   TARN_SHOTS=folder            also takes screenshots: light, dark, phone
import assert from 'node:assert/strict';
import { withBrowser } from './browser.mjs';
import { startDemo, startWire } from './demo.mjs';
import { careForATable, errorShownWell, followByPlaceAndId, keyboardOnly, mapToTableToSql, pressKill, sendAndFollow, sqlBox } from './journeys.mjs';
import { large } from './large.mjs';
import { own } from './own.mjs';
import { table } from './table.mjs';
import { takeShots } from './shots.mjs';
import { states } from './states.mjs';
import { grows, live, number, patience, sum, watch } from './steps.mjs';

async function ledgerHolds(page, url) {
  await page.goto(url);
  await live(page);
  await page.locator('.ledger[data-verdict="good"]').waitFor(patience);
  await grows(page, () => sum(page, 'sent'), 'sent');
  await grows(page, () => sum(page, 'bronze'), 'bronze');
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  console.log(`ok: the page is live, the numbers move; first paint after ${Math.round(paint)} ms`);

  // Each reading of the strip is one answer of the server, rendered at once: it must add up at every moment.
  for (let i = 0; i < 20; i += 1) {
    const l = await page.evaluate(() =>
      Object.fromEntries([...document.querySelectorAll('[data-ledger]')].map((e) => [e.dataset.ledger, e.querySelector('.sum-value').textContent])),
    );
    const [log, bronze, letters, flight] = ['in-the-log', 'bronze', 'dead-letters', 'in-flight'].map((n) => number(l[n]));
    assert.equal(bronze + letters + flight, log, JSON.stringify(l));
    assert.equal(l.lost, '0');
    assert.equal(l.duplicated, '0');
    await page.waitForTimeout(250);
  }
  console.log('ok: bronze + dead letters + in flight = in the log, lost 0, duplicated 0, 20 times');
}

async function allIsThere(page, url) {
  await page.locator('[data-view="live.clicks_windows"] canvas').first().waitFor(patience);
  await page.locator('[data-view="live.clicks_windows"] .bars tbody tr').first().waitFor(patience);
  for (const id of ['topic:clicks', 'flow:clicks.table', 'table:bronze.clicks', 'view:live.clicks_windows']) await page.locator(`.map [data-node="${id}"]`).waitFor(patience);
  assert.ok((await page.locator('.map-edges text').count()) > 0, 'arrows carry rates');
  for (const [path, shows] of [
    ['/topics', '[data-row="clicks"]'], ['/tables', '[data-row="bronze.clicks"]'], ['/flows', '[data-flow="clicks.table"]'], ['/views', '[data-row="live.clicks_windows"]'],
    ['/topic?name=clicks', '.grid[aria-label="Records"] td'], ['/topic?name=clicks&tab=partitions', '.grid[aria-label="Partitions"] td'], ['/runs', '.grid[aria-label="Runs"] td'],
    ['/', '[data-over="5m"] canvas'], ['/topic?name=clicks&tab=rate', '[data-over] canvas'], ['/flow?name=live.clicks_windows&tab=history', '[data-over] canvas'],
    ['/flow?name=live.clicks_windows&tab=positions', '[data-holds]'], ['/groups', '.empty'], ['/view?name=live.clicks_windows&tab=charts', '[data-open]'],
    ['/flow?name=clicks.table', '.grid[aria-label="Runs"] td'], ['/flow?name=clicks.table&tab=positions', '.grid[aria-label="Positions"] td'],
    ['/view?name=live.clicks_windows', '.chart canvas'], ['/view?name=live.clicks_windows&tab=rows', '.grid tbody td'],
  ]) {
    await page.goto(url + path);
    await page.locator(shows).first().waitFor(patience);
  }
  console.log('ok: the map, and each page of a topic, table, flow, view and of runs');
}

async function pauseAndResume(page, url) {
  await page.goto(`${url}/flow?name=clicks.table`);
  await page.getByRole('button', { name: 'Pause' }).click(patience);
  await page.locator('.fact-row .state.paused').waitFor(patience);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.locator('.fact-row .state.running').waitFor(patience);
  console.log('ok: a flow is paused and resumed');
}

async function pausedSaysWhy(page, url) {
  await page.goto(`${url}/flow?name=clicks.table`);
  await page.getByRole('button', { name: 'Pause' }).click(patience);
  await page.locator('[data-why]', { hasText: 'It does not advance' }).waitFor(patience);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.locator('[data-why]', { hasText: 'It advances' }).waitFor(patience);
  console.log('ok: a paused flow says why it does not advance');
}

async function cutOff(page, url) {
  const wire = await startWire(url);
  await page.goto(wire.url);
  await page.locator('.ledger[data-verdict="good"]').waitFor(patience);
  wire.cut();
  await page.locator('.disconnected').waitFor(patience);
  assert.ok((await sum(page, 'bronze')) > 0, 'the last numbers stay');
  wire.mend();
  await live(page);
  await page.locator('.disconnected').waitFor({ state: 'detached', ...patience });
  await grows(page, () => sum(page, 'bronze'), 'bronze, after coming back,');
  await wire.stop();
  console.log('ok: it says when it is cut off, keeps what it knew and comes back by itself');
}

async function look(url) {
  await withBrowser({ viewport: { width: 1440, height: 900 } }, async (_context, page) => {
    const judge = watch(page, [url], /status of 4\d\d|net::ERR/);
    await ledgerHolds(page, url);
    await allIsThere(page, url);
    await sqlBox(page, url, 'select 40 + 2 as answer', '42');
    await pauseAndResume(page, url);
    await keyboardOnly(page, url, 'bronze.clicks');
    await mapToTableToSql(page, url, 'bronze.clicks');
    await careForATable(page, url, 'bronze.clicks');
    await errorShownWell(page, url);
    await pausedSaysWhy(page, url);
    await followByPlaceAndId(page, url);
    await sendAndFollow(page, url);
    await pressKill(page, url);
    judge();
    console.log('ok: no request left the machine, the browser complains of nothing');
  });
  await withBrowser({ viewport: { width: 1440, height: 900 } }, async (_context, page) => cutOff(page, url));
}

const server = process.env.TARN_URL ? { url: process.env.TARN_URL, stop: async () => {} } : await startDemo();
try {
  await look(server.url);
  if (process.env.TARN_SHOTS) await takeShots(server.url, process.env.TARN_SHOTS);
} finally {
  await server.stop();
}
if (!process.argv.includes('--demo-only')) {
  await states();
  await own();
  await table();
  await large();
}
