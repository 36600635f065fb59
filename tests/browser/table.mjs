// The page of a table: history, columns, files, care, and its past. Of the stand-in server.
import assert from 'node:assert/strict';
import { withBrowser } from './browser.mjs';
import { withMock } from './mock.mjs';
import { live, patience, watch } from './steps.mjs';

const name = 'bronze.clicks';
const at = (url, query) => `${url}/table?name=${name}&${query}`;

async function history(page, url) {
  await page.goto(at(url, ''));
  await live(page);
  const grid = page.locator('.grid[aria-label="History"]');
  await grid.locator('td', { hasText: 'optimize · z-order' }).first().waitFor(patience);
  const growth = page.locator('[data-growth]');
  await growth.locator('canvas').nth(1).waitFor(patience);
  await growth.locator('.key li', { hasText: 'taken away' }).waitFor(patience);
  await page.getByLabel('Operation').selectOption('MERGE');
  assert.match(page.url(), /operation=MERGE/);
  await page.getByText(/^2\d of the newest 300 commits/).waitFor(patience);
  assert.match(await grid.locator('tbody').innerText(), /^(?!.*write)/s);
  await grid.locator('td', { hasText: '40 rows inserted, 60 rows updated, 10 rows deleted' }).first().click();
  const opened = page.locator('.record');
  const text = await opened.innerText();
  assert.match(text, /merge/);
  assert.match(text, /Rows inserted\s*\??\s*40\s*Rows updated\s*\??\s*60\s*Rows deleted\s*\??\s*10\s*Rows copied\s*\??\s*0/);
  assert.match(text, /\(t\.event_id = s\.event_id\)/);
  assert.match(text, /target rows inserted/);
  assert.match(text, /Apache-Spark/);
  assert.match(text, /AT \(VERSION => \d+\) limit 100/);
  await page.goBack();
  await opened.waitFor({ state: 'detached', ...patience });
  await page.goto(at(url, 'commit=3'));
  await page.locator('.empty', { hasText: 'Version 3 is not among these commits' }).waitFor(patience);
  console.log('ok: a table’s history is filtered, a commit says all it did, growth stands beside it');
}

async function schema(page, url) {
  await page.goto(at(url, 'tab=schema'));
  await live(page);
  const tree = page.getByRole('treegrid');
  const names = () => tree.locator('tbody tr th').evaluateAll((cells) => cells.map((c) => c.lastChild.textContent));
  await tree.locator('th', { hasText: 'screen' }).waitFor(patience);
  assert.deepEqual(await names(), ['event_id', 'price', 'device', 'name', 'screen', 'width', 'height', 'pages', 'element', 'url', 'labels', 'key', 'value', '_date', '_hour']);
  assert.equal(await tree.locator('tr', { hasText: 'width' }).getAttribute('aria-level'), '3');
  await tree.getByRole('button', { name: 'Close device' }).press('Enter');
  assert.deepEqual((await names()).slice(2, 4), ['device', 'pages']);
  await tree.getByRole('button', { name: 'Open device' }).click();
  assert.match(await tree.locator('tr', { hasText: 'event_id' }).first().innerText(), /never.*1.*event_id.*of the browser/s);
  assert.match(await tree.locator('tr', { hasText: '_date' }).first().innerText(), /partitions the files.*CAST\(event_time AS DATE\)/s);
  assert.match(await tree.locator('tr', { hasText: 'price' }).innerText(), /col-5f3c9a1b/);
  const features = await page.getByRole('region', { name: 'Features' }).innerText();
  assert.match(features, /Deletion vectors\s*on/);
  assert.match(features, /Change feed\s*off/);
  assert.match(features, /deletionVectors\s+readers, writers/);
  assert.match(await page.getByRole('region', { name: 'Properties' }).innerText(), /delta\.constraints\.price\s*price >= 0\s*holds for every row/);
  console.log('ok: columns are a tree with what is in them; features and properties say what they mean');
}

async function files(page, url) {
  await page.goto(at(url, 'tab=files'));
  await live(page);
  const grid = page.locator('.grid[aria-label="Partitions"]');
  await grid.locator('td', { hasText: '_date=2026-01-01 / _hour=0' }).first().waitFor(patience);
  await page.locator('h3', { hasText: '213 partitions' }).waitFor(patience);
  await page.locator('[data-left]', { hasText: 'and 13 smaller ones: 26 files' }).waitFor(patience);
  const widths = await grid.locator('rect').evaluateAll((bars) => bars.map((b) => Number(b.getAttribute('width'))));
  assert.equal(widths[0], 100);
  assert.ok(widths.every((w, i) => i === 0 || w <= widths[i - 1]), 'the largest first');
  await grid.getByRole('button', { name: 'Files' }).click();
  assert.match(page.url(), /partitions=files/);
  const sizes = page.getByRole('region', { name: 'Sizes of files' });
  const rows = await sizes.locator('tbody tr').allInnerTexts();
  assert.match(rows[0], /below 10 kB small\s*20/);
  assert.match(rows.at(-1), /100 MB – 300 MB\s*6/);
  await page.locator('.verdict.warn', { hasText: 'far smaller than they could be' }).getByRole('link').click();
  await page.getByRole('region', { name: 'Optimize' }).waitFor(patience);
  console.log('ok: partitions by bytes, files by size, and what is too small leads to its care');
}

async function care(page, url) {
  await page.goto(at(url, 'tab=care'));
  await live(page);
  const optimize = page.getByRole('region', { name: 'Optimize' });
  await optimize.getByLabel('Partitions').fill('wrong = 1');
  await optimize.getByRole('button', { name: 'What would it do?' }).click();
  await optimize.locator('.error-box .error-id', { hasText: 'TARN-E0301' }).waitFor(patience);
  await optimize.getByLabel('Partitions').fill("_date = '2026-01-01'");
  await optimize.locator('code', { hasText: `--where '_date = '\\''2026-01-01'\\'''` }).waitFor(patience);
  await optimize.getByLabel('Partitions').fill('');
  await optimize.getByRole('button', { name: 'What would it do?' }).click();
  await optimize.locator('.verdict', { hasText: '812 files with 52.0 MB would become 24 files; 7 deletion vectors would go' }).waitFor(patience);
  await optimize.getByRole('button', { name: 'Optimize', exact: true }).click();
  await optimize.locator('.verdict.good', { hasText: '812 files with 52.0 MB became 24 files with 44.0 MB, in 1 commit up to version 814' }).waitFor(patience);

  const vacuum = page.getByRole('region', { name: 'Vacuum' });
  const begin = vacuum.getByRole('button', { name: 'Vacuum…' });
  assert.ok(await begin.isDisabled(), 'not before it is seen what would go');
  await vacuum.getByLabel('Keep').fill('0s');
  await vacuum.getByRole('button', { name: 'What would go?' }).click();
  await vacuum.locator('.error-id', { hasText: 'TARN-E0613' }).waitFor(patience);
  await vacuum.getByLabel('Keep').fill('');
  await vacuum.getByRole('button', { name: 'What would go?' }).click();
  await vacuum.locator('.verdict', { hasText: '3 files with 190 kB would go' }).waitFor(patience);
  await vacuum.locator('summary').click();
  await vacuum.locator('pre', { hasText: 'part-b.parquet' }).waitFor(patience);
  await begin.click();
  const yes = vacuum.getByRole('button', { name: 'Remove 3 files' });
  assert.ok(await yes.isDisabled(), 'not before the name is typed');
  await vacuum.getByLabel(`Type ${name}`).fill('bronze.click');
  assert.ok(await yes.isDisabled());
  await vacuum.getByLabel(`Type ${name}`).fill(name);
  await yes.click();
  await vacuum.locator('.verdict.good', { hasText: 'Done: 3 files with 190 kB went from the disk' }).waitFor(patience);

  const validate = page.getByRole('region', { name: 'Validate' });
  await validate.getByRole('button', { name: 'Validate', exact: true }).click();
  await validate.locator('.verdict.good', { hasText: 'All is sound' }).waitFor(patience);
  await page.goto(`${url}/table?name=late.clicks&tab=care`);
  await validate.getByRole('button', { name: 'Validate', exact: true }).click(patience);
  await validate.locator('.error-box', { hasText: 'part-00007.parquet: it has 9 rows, the log says 10' }).waitFor(patience);
  console.log('ok: care is seen before it is done, a vacuum asks for the name, errors have their ids');
}

async function past(page, url) {
  await page.goto(at(url, 'commit=813'));
  await live(page);
  await page.getByRole('link', { name: 'Rows as of this version' }).click(patience);
  const result = page.locator('.grid[aria-label="Result"]');
  await result.locator('td', { hasText: 'e813-0' }).waitFor(patience);
  await page.locator('.copy-line', { hasText: `select * from ${name} AT (VERSION => 813) limit 100` }).waitFor(patience);
  await page.getByRole('button', { name: 'what changed' }).click();
  await result.locator('th', { hasText: '_change_type' }).waitFor(patience);
  await result.locator('td', { hasText: 'update_preimage' }).first().waitFor(patience);
  await page.locator('.copy-line', { hasText: `table_changes('${name}', 813, 813)` }).waitFor(patience);
  await page.getByRole('button', { name: 'rows', exact: true }).click();
  await page.getByLabel('As of version').fill('520');
  await page.locator('.error-box .error-id', { hasText: 'TARN-E0615' }).waitFor(patience);
  await page.goto(at(url, 'tab=rows&time=2026-01-01T00:00:00.000Z'));
  await page.locator('.copy-line', { hasText: "AT (TIMESTAMP => '2026-01-01T00:00:00.000Z')" }).waitFor(patience);
  await page.goto(at(url, 'tab=rows&version=700'));
  await page.getByRole('button', { name: 'Restore to it…' }).click(patience);
  const confirm = page.getByRole('group', { name: 'Confirm: Restore' });
  assert.match(await confirm.innerText(), /become those of version 700.*To undo it, restore to version 813/s);
  await confirm.getByRole('button', { name: 'Leave it' }).click();
  assert.equal(await confirm.count(), 0);
  await page.getByRole('button', { name: 'Restore to it…' }).click();
  await confirm.getByRole('textbox').fill(name);
  await confirm.getByRole('button', { name: 'Restore' }).click();
  await page.locator('.verdict.good', { hasText: 'version 814 is as version 700 was' }).waitFor(patience);
  console.log('ok: rows as of a version or a time, what changed in it, and the way back, with the name typed');
}

async function narrow(page, url) {
  for (const tab of ['history', 'history&commit=813', 'schema', 'files', 'care', 'rows', 'rows&version=700&show=restore']) {
    await page.goto(at(url, `tab=${tab}`));
    await live(page);
    await page.locator('.panel [role="tab"][aria-selected="true"]').waitFor(patience);
    await page.locator('.panel').last().locator('.grid, .tree, .fault, .confirm').first().waitFor(patience);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${tab} is not wider than the phone`);
  }
  console.log('ok: a table’s tabs are not wider than a phone');
}

export async function table() {
  const all = (options, works) =>
    withMock('live', (url) =>
      withBrowser(options, async (_context, page) => {
        const judge = watch(page, [url], /status of 4\d\d|net::ERR/);
        for (const work of works) await work(page, url);
        judge();
      }),
    );
  await all({ viewport: { width: 1440, height: 900 } }, [history, schema, files, care, past]);
  await all({ viewport: { width: 390, height: 844 }, hasTouch: true }, [narrow]);
}

if (process.argv[1]?.endsWith('table.mjs')) await table();
