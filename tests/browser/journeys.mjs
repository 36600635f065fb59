// Ways through the page, of a real server or of the stand-in: each says what it showed.
import assert from 'node:assert/strict';
import { grows, live, patience, runSql, sum } from './steps.mjs';

// An event's last node is its session, which ends half a minute of event time after it and is written once no click that
// is on time can still come: about 50 s on a quiet machine.
const sessionOver = { timeout: 240_000 };

// The map leads to a table, the table to SQL, and Back leads back.
export async function mapToTableToSql(page, url, table) {
  await page.goto(url);
  await live(page);
  await page.locator(`.map [data-node="table:${table}"]`).click(patience);
  await page.locator('h1', { hasText: table }).waitFor(patience);
  await page.locator('.grid[aria-label="History"] tbody td').first().waitFor(patience);
  for (const [tab, shows] of [['Schema', '[role="treegrid"] td'], ['Files', '.grid[aria-label="Files"] td'], ['Care', '[aria-label="Optimize"]'], ['Rows', '.grid[aria-label="Result"] td']]) {
    await page.getByRole('tab', { name: tab }).click();
    await page.locator(shows).first().waitFor(patience);
    assert.match(page.url(), new RegExp(`tab=${tab.toLowerCase()}`));
  }
  await page.getByRole('link', { name: 'Query it' }).click();
  await page.locator('.result .grid tbody td').first().waitFor(patience);
  assert.match(page.url(), /\/sql\?sql=.*run=1/);
  await page.goBack();
  await page.locator('h1', { hasText: table }).waitFor(patience);
  console.log(`ok: map → ${table} → its tabs → SQL, each with an address, and Back`);
}

// A table is looked after from its page: what optimize would do, then it does it; the rows stay and all is sound.
export async function careForATable(page, url, table) {
  await page.goto(`${url}/table?name=${table}&tab=care`);
  await live(page);
  const optimize = page.getByRole('region', { name: 'Optimize' });
  // The server packs this table by itself, too: just behind that there is nothing to do, until it has grown.
  const until = async (name, says) => {
    for (const deadline = Date.now() + patience.timeout; ; ) {
      await optimize.getByRole('button', { name, exact: true }).click(patience);
      try {
        return await optimize.locator('.verdict', { hasText: says }).waitFor({ timeout: 5_000 });
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  };
  await until('What would it do?', /\d+ files with .* would become \d+ files?/);
  await until('Optimize', /Done: .* became \d+ files? with/);
  const vacuum = page.getByRole('region', { name: 'Vacuum' });
  await vacuum.getByRole('button', { name: 'What would go?' }).click();
  await vacuum.locator('.verdict.good', { hasText: 'Nothing would go' }).waitFor(patience);
  const validate = page.getByRole('region', { name: 'Validate' });
  await validate.getByRole('button', { name: 'Validate', exact: true }).click();
  await validate.locator('.verdict.good', { hasText: 'All is sound' }).waitFor(patience);
  await page.goto(`${url}/table?name=${table}&operation=OPTIMIZE`);
  const commits = page.locator('.grid[aria-label="History"] tbody tr');
  assert.match(await commits.first().innerText(patience), /optimize\s+\d+ files became \d+/);
  await page.goto(`${url}/table?name=${table}&tab=files`);
  await page.getByRole('region', { name: 'Sizes of files' }).locator('tbody tr').first().waitFor(patience);
  await page.goto(`${url}/table?name=${table}&tab=schema`);
  await page.getByRole('treegrid').locator('tbody tr').first().waitFor(patience);
  console.log(`ok: ${table} is looked after from its page: seen before, done, sound after`);
}

export async function sqlBox(page, url, sql, answer) {
  await page.goto(`${url}/sql`);
  await live(page);
  await runSql(page, sql);
  await page.locator('.result td', { hasText: answer }).first().waitFor(patience);
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  assert.equal((await file).suggestedFilename(), 'result.csv');
  console.log('ok: SQL answers, and as CSV');
}

export async function errorShownWell(page, url) {
  await page.goto(`${url}/sql`);
  await live(page);
  await runSql(page, 'select wrong from nowhere');
  const box = page.locator('.error-box');
  await box.locator('pre', { hasText: /nowhere|wrong/ }).waitFor(patience);
  assert.match(await box.innerText(), /What to do: \S/);
  await box.locator('.error-id').click();
  await page.locator('h2', { hasText: 'What to do' }).waitFor(patience);
  assert.match(page.url(), /\/errors\?id=TARN-E\d+/);
  console.log('ok: an error says what, why and what to do, and its id leads to its page');
}

// Sends an event from the page and sees it pass every node; then one that is no event, and why it was put aside.
export async function sendAndFollow(page, url) {
  await page.goto(`${url}/trace`);
  await live(page);
  const value = page.getByLabel('Value', { exact: false }).first();
  await page.waitForFunction(() => document.querySelector('#send-value')?.value.includes('{'), undefined, patience);
  const id = JSON.parse(await value.inputValue()).event_id;
  await page.getByRole('button', { name: 'Send and follow' }).click();
  await page.locator('.verdict.good').waitFor(sessionOver);
  assert.match(page.url(), /\/trace\?topic=.*offset=\d+/);
  const states = await page.locator('[data-step]').evaluateAll((rows) => rows.map((r) => r.dataset.state));
  assert.ok(states.length >= 3, `the event passed ${states.length} nodes`);
  assert.ok(states.every((s) => s === 'passed'), states.join());
  assert.ok((await page.locator('.payload pre').first().innerText()).includes(id), 'it is the event that was sent');
  assert.ok((await page.locator('.map-node.mark.passed').count()) >= 3, 'its nodes are lit on the map');
  console.log(`ok: an event was sent and followed through ${states.length} nodes`);

  await page.getByRole('button', { name: 'Send a new one' }).click();
  await page.waitForFunction(() => document.querySelector('#send-value')?.value.includes('{'), undefined, patience);
  await page.locator('#send-value').fill('this is no event');
  await page.getByRole('button', { name: 'Send and follow' }).click();
  const letter = page.locator('[data-state="dead_letter"]').first();
  await letter.waitFor(patience);
  assert.ok((await letter.locator('td').last().innerText()).length > 5, 'it says why');
  console.log('ok: what is no event is seen to be a dead letter, with the reason');
}

// Any event that is in the log, by its place and then by its id.
export async function followByPlaceAndId(page, url) {
  const answer = await (await fetch(`${url}/api/v1/topics/clicks/records?partition=0&offset=-200&limit=1`)).json();
  const { offset, value } = answer.records[0];
  await page.goto(`${url}/trace`);
  await live(page);
  await page.locator('input[name="topic"]').fill('clicks');
  await page.locator('input[name="partition"]').fill('0');
  await page.locator('input[name="offset"]').fill(String(offset));
  await page.getByRole('button', { name: 'Follow', exact: true }).click();
  await page.locator('.verdict.good, .verdict.warn').waitFor(sessionOver);
  assert.ok((await page.locator('[data-step]').count()) >= 2, 'it has been somewhere');
  assert.equal(await page.locator('[data-state="lost"]').count(), 0);
  console.log(`ok: the event at clicks/0/${offset} was followed: ${await page.locator('p.verdict').innerText()}`);
  let id;
  try {
    id = JSON.parse(value.text).event_id;
  } catch {
    return; // one that was broken on purpose has none
  }
  await page.goto(`${url}/trace?id=${encodeURIComponent(id)}`);
  await page.locator('.fact-row', { hasText: id }).waitFor(patience);
  await page.locator('.verdict.good, .verdict.warn').waitFor(sessionOver);
  console.log(`ok: and found by its id, ${id}`);
}

// Presses kill: the page keeps what it knew, says it is cut off, comes back by itself, and it still adds up.
export async function pressKill(page, url) {
  await page.goto(`${url}/demo`);
  await live(page);
  await page.locator('.ledger-line[data-verdict="good"]').waitFor(patience);
  const starts = page.locator('.fact-row div', { hasText: 'Starts by the supervisor' }).locator('dd');
  const before = Number(await starts.innerText());
  await page.getByRole('button', { name: 'Kill it with -9' }).click();
  await page.locator('.disconnected').waitFor(patience);
  assert.match(await page.locator('.ledger-line').innerText(), /\d/, 'the last state stays');
  await live(page);
  await page.locator('.disconnected').waitFor({ state: 'detached', ...patience });
  await page.locator('.gap', { hasText: 'without a server' }).waitFor(patience);
  await page.locator('.ledger-line[data-verdict="good"]').waitFor(patience);
  await page.waitForFunction((n) => [...document.querySelectorAll('.fact-row div')].some((d) => d.textContent.includes('Starts by the supervisor') && Number(d.querySelector('dd').textContent) > n), before, patience);
  await page.locator('.history .pill', { hasText: 'to recover' }).first().waitFor(patience);
  const facts = await page.locator('.fact-row').first().innerText();
  assert.match(facts, /Lost\s*\??\s*0/);
  assert.match(facts, /Duplicated\s*\??\s*0/);
  await page.goto(url);
  await live(page);
  await grows(page, () => sum(page, 'bronze'), 'bronze, after the kill,');
  console.log(`ok: kill -9 from the page: ${(await page.title()) && facts.match(/Recovery[^\d]*([\d.]+ \w+)/)?.[1]} to recover, lost 0, duplicated 0`);
}

// No pointer: find a table by Ctrl-K, walk its tabs, run SQL, come back.
export async function keyboardOnly(page, url, table) {
  await page.goto(url);
  await live(page);
  await page.locator(`[data-node="table:${table}"]`).waitFor(patience);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'the first stop skips to the page');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor(patience);
  await page.keyboard.type(`table ${table}`);
  await page.locator('[role="option"][aria-selected="true"]', { hasText: table }).waitFor(patience);
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: table }).waitFor(patience);
  for (let i = 0; i < 60 && (await page.evaluate(() => document.activeElement.getAttribute('role'))) !== 'tab'; i += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');
  await page.locator('[role="tab"][aria-selected="true"]', { hasText: 'Schema' }).waitFor(patience);
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(ring, 'solid', 'where the focus is can be seen');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('sql');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'SQL' }).waitFor(patience);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor(patience);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.palette').count(), 0);
  console.log('ok: by the keyboard alone: Ctrl-K, tabs, SQL, Escape');
}
