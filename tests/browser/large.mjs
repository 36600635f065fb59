// 5,000 nodes and 1,000 tables of made-up metadata: everything answers, and only what is in sight is in the document.
import assert from 'node:assert/strict';
import { withBrowser } from './browser.mjs';
import { withMock } from './mock.mjs';
import { live, patience, watch } from './steps.mjs';

// Counts frames that took longer than one and a half of a sixtieth of a second: printed, not judged.
async function framesWhile(page, name, work) {
  await page.evaluate(() => {
    const seen = { frames: 0, long: 0, longest: 0, last: 0, on: true };
    window.seenFrames = seen;
    const frame = (now) => {
      if (seen.last) {
        const took = now - seen.last;
        seen.frames += 1;
        seen.longest = Math.max(seen.longest, took);
        if (took > 25) seen.long += 1;
      }
      seen.last = now;
      if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await work();
  const seen = await page.evaluate(() => ((window.seenFrames.on = false), window.seenFrames));
  console.log(`    ${name}: ${seen.frames} frames, ${seen.long} long, longest ${Math.round(seen.longest)} ms`);
}

async function wheel(page, selector) {
  const box = await page.locator(selector).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < 30; i += 1) {
    await page.mouse.wheel(0, 900);
    await page.waitForTimeout(30);
  }
}

async function homeAndList(page, url) {
  await page.goto(url);
  await live(page);
  await page.locator('.map .map-node.group').first().waitFor(patience);
  assert.ok((await page.locator('.map-node').count()) <= 120, 'the map is drawn by groups');
  assert.match(await page.locator('.map-panel .panel-head').innerText(), /5,000 nodes/);
  assert.ok((await page.locator('.map-node.error').count()) > 0, 'trouble inside a group is seen on the group');
  await framesWhile(page, 'map by groups, live', () => page.waitForTimeout(2000));
  await page.locator('.map-node.group.error').first().click();
  await page.locator('.grid tbody tr[aria-rowindex]').first().waitFor(patience);
  await page.getByRole('button', { name: 'show all' }).click();
  assert.equal(await page.locator('.grid table').getAttribute('aria-rowcount'), '5001');
  assert.ok((await page.locator('.grid tbody tr').count()) < 100, 'only rows in sight are in the document');
  await framesWhile(page, 'list of 5,000, scrolled', () => wheel(page, '.grid'));
  assert.ok((await page.locator('.grid tbody tr').count()) < 100);
  await page.getByLabel('Filter by name').fill('orders_999');
  await page.locator('.grid [data-node="table:silver.orders_999"]').waitFor(patience);
  console.log('ok: 5,000 nodes: by groups, as a list, found by name');
}

async function canvas(page) {
  await page.getByRole('button', { name: 'All nodes' }).click();
  await page.locator('.map-canvas-host canvas').first().waitFor(patience);
  await framesWhile(page, 'all 5,000 on the canvas, zoomed', () => wheel(page, '.map-canvas-host'));
  await page.locator('.map-canvas-host[data-laid="elk"]').waitFor({ timeout: 180_000 });
  console.log('ok: all 5,000 nodes on a canvas, laid out by elk in its worker');
}

async function tablesAndFind(page, url) {
  await page.goto(`${url}/tables`);
  await live(page);
  await page.locator('[data-row="bronze.orders_0"]').waitFor(patience);
  assert.equal(await page.locator('.grid table').getAttribute('aria-rowcount'), '1001');
  assert.ok((await page.locator('.grid tbody tr').count()) < 100);
  await framesWhile(page, '1,000 tables, scrolled', () => wheel(page, '.grid'));
  await page.getByLabel('Filter by name').fill('orders_777');
  await page.locator('[data-row="bronze.orders_777"]').click();
  await page.locator('h1', { hasText: 'bronze.orders_777' }).waitFor(patience);
  await page.locator('.mini .map-node').first().waitFor(patience);
  await page.keyboard.press('Control+k');
  await framesWhile(page, 'Ctrl-K over 5,000 names', () => page.keyboard.type('silver.orders_321', { delay: 40 }));
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'silver.orders_321' }).waitFor(patience);
  console.log('ok: 1,000 tables and Ctrl-K over all of them');
}

async function largeResult(page, url) {
  await page.goto(`${url}/sql?sql=${encodeURIComponent('select * from million')}&run=1`);
  await page.locator('.result .grid tbody td').first().waitFor(patience);
  assert.ok((await page.locator('.grid tbody tr').count()) < 100);
  assert.match(await page.locator('.result .panel-head').innerText(), /there are more/);
  await framesWhile(page, '100,000 rows, scrolled', () => wheel(page, '.result .grid'));
  await page.locator('.grid th button', { hasText: 'word' }).click();
  await page.locator('.grid th[aria-sort="ascending"]').waitFor(patience);
  await page.locator('.result .grid').evaluate((g) => (g.scrollTop = 0));
  await page.locator('.result .grid tbody td', { hasText: /^w0$/ }).first().waitFor(patience);
  console.log('ok: 100,000 rows scrolled and sorted');
}

async function twentyCharts(page, url) {
  await page.goto(`${url}/check?charts=20`);
  await page.locator('.chart canvas').nth(19).waitFor(patience);
  await page.waitForFunction(() => JSON.parse(document.querySelector('[data-frames]').dataset.frames).seconds >= 8, undefined, patience);
  const f = JSON.parse(await page.locator('[data-frames]').getAttribute('data-frames'));
  assert.ok(f.drawn > 0);
  console.log(`ok: 20 live charts: ${(f.drawn / f.seconds).toFixed(1)} frames a second, ${f.long} dropped in ${f.seconds.toFixed(1)} s, longest ${Math.round(f.longest)} ms`);
}

export async function large() {
  await withMock('large', (url) =>
    withBrowser({ viewport: { width: 1440, height: 900 } }, async (_context, page) => {
      const judge = watch(page, [url]);
      await homeAndList(page, url);
      await canvas(page);
      await tablesAndFind(page, url);
      await largeResult(page, url);
      await twentyCharts(page, url);
      judge();
    }),
  );
}

if (process.argv[1]?.endsWith('large.mjs')) await large();
