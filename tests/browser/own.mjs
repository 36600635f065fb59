// The page of a project that is not the demo: its numbers, views, ids and errors, and on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { withBrowser } from './browser.mjs';
import { withMock } from './mock.mjs';
import { live, patience, runSql, watch } from './steps.mjs';

const wide = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };

async function exactNumbers(page, url) {
  await page.goto(`${url}/sql`);
  await live(page);
  await runSql(page, 'select * from bronze.orders');
  const cells = page.locator('.result .grid tbody td');
  await cells.filter({ hasText: '73314510714175489' }).waitFor(patience);
  await cells.filter({ hasText: /^12\.50$/ }).waitFor(patience);
  await cells.filter({ hasText: '[{"id":-9223372036854775808}]' }).waitFor(patience);
  await page.locator('.result th', { hasText: 'timestamptz, UTC' }).waitFor(patience);
  await page.locator('[data-zone]', { hasText: 'times in UTC' }).waitFor(patience);
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  const text = readFileSync(await (await file).path(), 'utf8');
  assert.equal(text, 'order_id,amount,paid_at,lines\r\n73314510714175489,12.50,2026-11-28T10:00:00.000000Z,"[{""id"":-9223372036854775808}]"\r\n73314510714175490,3.00,,\r\n');
  await page.goto(`${url}/view?name=live.sales&tab=rows`);
  await page.locator('.grid tbody td', { hasText: '123456789012345678901.25' }).first().waitFor(patience);
  await page.goto(`${url}/trace?topic=orders&partition=0&offset=11`);
  await page.locator('.payload pre', { hasText: '"order_id": 73314510714175489' }).waitFor(patience);
  assert.match(await page.locator('.payload pre').innerText(), /"amount": 12\.50/);
  console.log('ok: 64-bit integers and decimals are exact in results, CSV, views and records; times say their zone');
}

async function besideTheBox(page, url) {
  await page.goto(`${url}/sql`);
  await live(page);
  const side = page.locator('.sql-side');
  await side.locator('[data-table="bronze.orders"] summary').click(patience);
  await side.getByRole('button', { name: 'amount' }).waitFor(patience);
  await page.getByRole('textbox', { name: 'SQL' }).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('select * from ');
  await side.getByRole('button', { name: 'Insert bronze.orders' }).click();
  await page.locator('.cm-line', { hasText: 'select * from bronze.orders' }).waitFor(patience);
  await page.getByLabel('Name to save under').fill('all orders');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Run' }).click();
  await page.locator('.result').waitFor(patience);
  await page.goto(`${url}/sql`); // what was kept is there on a new page
  await side.getByRole('tab', { name: 'Saved' }).click(patience);
  await side.getByRole('button', { name: 'all orders', exact: true }).waitFor(patience);
  await side.getByRole('tab', { name: 'History' }).click();
  await side.getByRole('button', { name: 'select * from bronze.orders' }).click(patience);
  await page.locator('.result').waitFor(patience);
  assert.match(page.url(), /run=1/);
  await side.getByRole('tab', { name: 'Saved' }).click();
  await side.getByRole('button', { name: 'Delete all orders' }).click();
  await side.getByText('Save a query under a name').waitFor(patience);
  console.log('ok: beside the SQL box stand the schema, what was run, and what was saved');
}

async function anyView(page, url) {
  await page.goto(url);
  await live(page);
  const panel = page.locator('[data-view="live.sales"]');
  await panel.locator('.windows-note', { hasText: /Final: window of .*; open: window of .*, counting/ }).waitFor(patience);
  await panel.locator('.bars h3', { hasText: 'amount by shop' }).waitFor(patience);
  await panel.locator('.bars tbody tr', { hasText: 'Łódź' }).waitFor(patience);
  await panel.locator('.bars td[title="123456789012345678901.25"]', { hasText: '1.23e+20' }).first().waitFor(patience);
  await panel.locator('.ranges button', { hasText: '60 h' }).waitFor(patience);
  assert.equal(await panel.locator('.chart').count(), 2, 'a chart for each measure');
  await panel.getByLabel('Windows of').selectOption({ label: 'Łódź' });
  await panel.locator('.chart', { hasText: /1,000\.5 amount so far \(open\)/ }).waitFor(patience);
  await panel.getByRole('group', { name: 'Measure of the bars' }).getByRole('button', { name: 'orders' }).click();
  await panel.locator('.bars h3', { hasText: 'orders by shop' }).waitFor(patience);
  assert.equal(await page.locator('nav a', { hasText: 'Break it' }).count(), 0, 'nobody supervises it');
  assert.doesNotMatch(await page.locator('body').innerText(), /tarn demo|clicks/);
  console.log('ok: a view of any key and measures is shown live, its open window marked; nothing of the demo');
}

async function anyId(page, url) {
  await page.goto(`${url}/trace`);
  await live(page);
  const fields = page.getByLabel('Field of the id');
  await fields.locator('option', { hasText: 'customer_id' }).waitFor({ state: 'attached', ...patience });
  assert.deepEqual(await fields.locator('option').allInnerTexts(), ['any id', 'order_id', 'customer_id']);
  await fields.selectOption('customer_id');
  await page.getByLabel('Id', { exact: true }).fill('c7');
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  await page.locator('.fact-row dt', { hasText: 'customer_id' }).waitFor(patience);
  assert.match(page.url(), /id=c7&field=customer_id/);
  await page.locator('[data-step="table:gold.visits"][data-state="waiting"]').waitFor(patience);
  assert.match(await page.locator('[data-step="table:bronze.orders"]').innerText(), /not known/);
  console.log('ok: an event is followed by any of its ids; a session that is open waits, an unknown time says so');
}

async function failedOnce(page, url) {
  await page.goto(`${url}/flow?name=gold.visits`);
  await live(page);
  const box = page.locator('.error-box');
  await box.locator('pre', { hasText: 'No space left on device' }).waitFor(patience);
  assert.equal((await page.locator('body').innerText()).match(/No space left on device/g).length, 1, 'said once');
  assert.equal(await page.getByRole('button', { name: 'Resume' }).count(), 1);
  await box.getByRole('button', { name: 'Resume' }).waitFor(patience);
  await box.locator('.error-id', { hasText: 'TARN-E0042' }).click();
  await page.locator('h2', { hasText: 'What to do' }).waitFor(patience);
  assert.match(page.url(), /\/errors\?id=TARN-E0042/);
  console.log('ok: a failed flow says its error once, with its page and the button that goes on');
}

async function onAPhone(page, url) {
  await page.goto(url);
  await live(page);
  const topic = page.locator('.map [data-node="topic:orders"]');
  await topic.waitFor(patience);
  const box = async (id) => page.locator(`.map [data-node="${id}"]`).boundingBox();
  const [a, b, c] = [await box('topic:orders'), await box('flow:orders.table'), await box('table:bronze.orders')];
  assert.ok(a.y + a.height < b.y && b.y + b.height < c.y, 'the map goes down');
  for (const at of ['/', '/sql', '/trace', '/flow?name=gold.visits', '/view?name=live.sales']) {
    await page.goto(url + at);
    await live(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${at} is not wider than the phone`);
  }
  const menu = page.locator('.menu-button');
  await menu.click();
  await page.locator('nav a', { hasText: 'Tables' }).click(patience);
  await page.locator('h1', { hasText: 'Tables' }).waitFor(patience);
  assert.equal(await menu.getAttribute('aria-expanded'), 'false', 'it closes behind');
  assert.equal(await page.locator('nav').isVisible(), false);
  console.log('ok: a phone has a menu and a map from top to bottom');
}

export async function own() {
  const all = async (options, works) =>
    withMock('own', (url) =>
      withBrowser(options, async (_context, page) => {
        const judge = watch(page, [url], /status of 4\d\d/);
        for (const work of works) await work(page, url);
        judge();
      }),
    );
  await all(wide, [exactNumbers, besideTheBox, anyView, anyId, failedOnce]);
  await all(phone, [onAPhone]);
}

if (process.argv[1]?.endsWith('own.mjs')) await own();
