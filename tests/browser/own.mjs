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
  await page.goto(`${url}/view?name=live.sales&tab=charts&minutes=0`);
  const over = page.locator('.chart', { has: page.locator('.plot[aria-label^="amount"]') }).last();
  await over.locator('[data-open]', { hasText: 'may still change' }).waitFor(patience);
  const shade = async () => {
    const text = await over.locator('canvas').evaluate((c) => {
      const [r, g, b, a] = c.getContext('2d').getImageData(c.width - Math.round(34 * devicePixelRatio), Math.round(12 * devicePixelRatio), 1, 1).data;
      return [r, g, b, a].join();
    });
    return text;
  };
  assert.notEqual(await shade(), '0,0,0,0', 'the field of open windows is drawn');
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

async function holdsTheWatermark(page, url) {
  await page.goto(`${url}/flow?name=live.sales&tab=positions`);
  await live(page);
  const rows = page.locator('.grid[aria-label="Positions"] tbody tr');
  await rows.nth(2).waitFor(patience);
  assert.equal(await page.locator('[data-holds]').count(), 1, 'one partition holds it');
  assert.match(await rows.nth(1).innerText(), /holds it.*57\.0 s/s);
  assert.match(await rows.nth(2).innerText(), /idle.*no event yet/s);
  await page.locator('.fact-row div', { hasText: 'Watermark' }).getByRole('button').click();
  await page.getByText('It follows orders/1, whose event time is the least').waitFor(patience);
  await page.getByText('1 of 3 partitions are idle').waitFor(patience);
  console.log('ok: which partition holds a watermark, for how long it has been still, which are idle');
}

// Of the same charts: five minutes, an hour, a day; the choice stands in the address.
async function overTime(page, url) {
  for (const [at, charts] of [['/', 4], ['/flow?name=live.sales&tab=history', 3], ['/topic?name=orders&tab=rate', 1]]) {
    await page.goto(url + at);
    await live(page);
    const box = page.locator('[data-over]');
    await box.locator('canvas').nth(charts - 1).waitFor(patience);
    assert.equal(await box.locator('.chart').count(), charts, at);
    for (const [choice, points] of [['1 h', 360], ['1 d', 288], ['5 min', 300]]) {
      await page.getByRole('group', { name: 'How far back' }).getByRole('button', { name: choice, exact: true }).click();
      await box.locator(`[role="img"][aria-label$="over ${points} times"]`).first().waitFor(patience);
      assert.equal(new URL(page.url()).searchParams.get('range'), choice === '5 min' ? null : choice.replace(' ', ''));
    }
  }
  console.log('ok: rates, lags and latencies over five minutes, an hour and a day');
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

async function consumerGroups(page, url) {
  await page.goto(`${url}/topic?name=orders&tab=groups`);
  await live(page);
  await page.locator('.grid[aria-label="Consumer groups"] [data-row="billing/eu"]').click(patience);
  await page.locator('h1', { hasText: 'billing/eu' }).waitFor(patience);
  await page.locator('.verdict.warn', { hasText: 'retention removed 40 records' }).waitFor(patience);
  const row = page.locator('.grid[aria-label="Partitions"] tbody tr');
  assert.match(await row.nth(1).innerText(), /1,000.*200.*1,200.*40.*billing-1/s);
  assert.match(await row.nth(2).innerText(), /never.*billing-2/s);
  await page.getByRole('tab', { name: 'Members' }).click();
  await page.locator('.grid[aria-label="Members"] td', { hasText: 'billing-2-2b' }).waitFor(patience);
  await page.locator('nav a', { hasText: 'Groups' }).click();
  await page.locator('.grid[aria-label="Consumer groups"] .state', { hasText: 'Empty' }).waitFor(patience);
  assert.equal(await page.locator('nav a[aria-current]').innerText(), 'Groups');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('group billing');
  await page.locator('[role="option"][aria-selected="true"]', { hasText: 'billing/eu' }).waitFor(patience);
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'billing/eu' }).waitFor(patience);
  console.log('ok: consumer groups: who reads a topic, its lag, what retention took from it, its members');
}

// The stream carries what the page shows, and nothing while nobody sees it.
async function asksForWhatItShows(page, url) {
  const streams = async () => (await fetch(`${url}/api/v1/mock/streams`)).json();
  const until = async (holds, what) => {
    for (let i = 0; i < 600; i += 1) {
      if (holds(await streams())) return;
      await page.waitForTimeout(100);
    }
    assert.fail(`${what}: ${JSON.stringify(await streams())}`);
  };
  const one = (events, views) => (all) => all.length === 1 && all[0].events.join() === events && all[0].views.join() === views;
  await page.goto(`${url}/runs`);
  await live(page);
  await until(one('status,flows,ledger', ''), 'runs need the head of the page alone');
  await page.locator('nav a', { hasText: 'Map' }).click();
  await until(one('status,flows,graph,ledger,view', 'live.sales'), 'the map shows the graph and its views');
  await page.locator('nav a', { hasText: 'Tables' }).click();
  await until(one('status,flows,ledger,tables', ''), 'tables are told of tables');
  await live(page);
  const seen = (state) => page.evaluate((s) => {
    Object.defineProperty(document, 'visibilityState', { value: s, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
  await seen('hidden');
  await until((all) => all.length === 0, 'a hidden tab costs nothing');
  await seen('visible');
  await until(one('status,flows,ledger,tables', ''), 'and comes back');
  await live(page);
  assert.equal(await page.locator('.disconnected').count(), 0);
  console.log('ok: the stream carries what the page shows, and a hidden tab has none');
}

async function onAPhone(page, url) {
  await page.goto(url);
  await live(page);
  const topic = page.locator('.map [data-node="topic:orders"]');
  await topic.waitFor(patience);
  const box = async (id) => page.locator(`.map [data-node="${id}"]`).boundingBox();
  const [a, b, c] = [await box('topic:orders'), await box('flow:orders.table'), await box('table:bronze.orders')];
  assert.ok(a.y + a.height < b.y && b.y + b.height < c.y, 'the map goes down');
  for (const at of ['/', '/sql', '/trace', '/flow?name=gold.visits', '/view?name=live.sales', '/groups', '/group?name=billing%2Feu']) {
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
  await all(wide, [exactNumbers, besideTheBox, anyView, anyId, failedOnce, holdsTheWatermark, overTime, consumerGroups, asksForWhatItShows]);
  await all(phone, [onAPhone]);
}

if (process.argv[1]?.endsWith('own.mjs')) await own();
