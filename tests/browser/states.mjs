// States that a healthy server does not show: nothing there yet, something wrong, an address that is not there.
import assert from 'node:assert/strict';
import { withBrowser } from './browser.mjs';
import { withMock } from './mock.mjs';
import { errorShownWell, keyboardOnly, mapToTableToSql, pressKill, sendAndFollow, sqlBox } from './journeys.mjs';
import { live, patience, runSql, watch } from './steps.mjs';

const view = { viewport: { width: 1440, height: 900 } };

async function empty(page, url) {
  for (const path of ['/', '/topics', '/tables', '/flows', '/views', '/runs', '/trace']) {
    await page.goto(url + path);
    await live(page);
    await page.locator('.empty').first().waitFor(patience);
    assert.ok((await page.locator('.empty .copy-line').count()) > 0, `${path} says which command fills it`);
  }
  console.log('ok: where nothing is, each page says the one command that fills it');
}

async function failed(page, url) {
  await page.goto(url);
  await live(page);
  const node = page.locator('[data-node="flow:clicks.table"]');
  await node.waitFor(patience);
  assert.match(await node.innerText(), /wrong/, 'not by its colour alone');
  await page.locator('.top .pill.bad').click();
  await page.locator('[data-why]', { hasText: 'It does not advance' }).waitFor(patience);
  assert.match(await page.locator('[data-why]').innerText(), /tarn flow resume clicks\.table/);
  await page.getByRole('button', { name: 'Resume' }).waitFor(patience);
  await page.goto(`${url}/table?name=no.such`);
  await page.locator('.error-box', { hasText: 'there is no table no.such' }).waitFor(patience);
  await page.goto(`${url}/nowhere`);
  await page.locator('.empty', { hasText: 'no page at /nowhere' }).waitFor(patience);
  console.log('ok: what is wrong is said in words, with what to do');
}

async function wrong(page, url) {
  await page.goto(url);
  await page.locator('.ledger[data-verdict="bad"]').waitFor(patience);
  await page.goto(`${url}/tables`);
  await page.locator('.ledger-line[data-verdict="bad"]').waitFor(patience);
  console.log('ok: a ledger that does not add up is said on every page');
}

async function completesAndCancels(page, url) {
  // The names come while the first word is already there.
  await page.route('**/api/v1/catalog', async (route) => {
    await page.waitForTimeout(1500);
    await route.continue();
  });
  await page.goto(`${url}/sql`);
  await live(page);
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.type('select c1 from bron');
  await page.locator('.cm-tooltip-autocomplete li', { hasText: 'bronze.clicks' }).waitFor(patience);
  await page.waitForTimeout(200); // a completion is taken only once it has been there for a moment
  await page.keyboard.press('Enter');
  await page.keyboard.type(' where c');
  await page.locator('.cm-tooltip-autocomplete li', { hasText: 'c17' }).waitFor(patience);
  await page.keyboard.press('Escape');
  await runSql(page, 'select slow');
  await page.getByRole('button', { name: 'Cancel' }).click(patience);
  await page.locator('.sql-tools [role="status"]').waitFor({ state: 'detached', ...patience });
  for (let i = 0; i < 60 && (await (await fetch(`${url}/api/v1/mock/cancelled`)).text()) !== '1'; i += 1) await page.waitForTimeout(250);
  assert.equal(await (await fetch(`${url}/api/v1/mock/cancelled`)).text(), '1', 'the server sees that nobody waits any more');
  await runSql(page, 'select category');
  await page.getByRole('button', { name: 'Chart' }).click(patience);
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'PNG' }).first().click(patience);
  assert.match((await file).suggestedFilename(), /clicks-by-category\.png/);
  console.log('ok: SQL is completed, cancelled on the server too, drawn, and saved as PNG');
}

async function journeys(page, url) {
  await completesAndCancels(page, url);
  await mapToTableToSql(page, url, 'bronze.clicks');
  await sqlBox(page, url, 'select category', 'trousers');
  await errorShownWell(page, url);
  await sendAndFollow(page, url);
  await keyboardOnly(page, url, 'bronze.clicks');
  await pressKill(page, url);
}

export async function states() {
  for (const [state, work] of [['empty', empty], ['failed', failed], ['wrong', wrong], ['live', journeys]]) {
    await withMock(state, (url) =>
      withBrowser(view, async (_context, page) => {
        const judge = watch(page, [url], /status of 4\d\d|net::ERR/);
        await work(page, url);
        judge();
      }),
    );
  }
}

if (process.argv[1]?.endsWith('states.mjs')) await states();
