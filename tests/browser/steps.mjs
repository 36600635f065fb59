// What tests of the page have in common: patience, what the browser complains of, reading the ledger.
import assert from 'node:assert/strict';

export const patience = { timeout: 60_000 };

export const number = (text) => Number(text.replaceAll(',', ''));
export const sum = async (page, name) => number(await page.locator(`[data-ledger="${name}"] .sum-value`).innerText());

export async function grows(page, read, what) {
  const before = await read();
  for (let i = 0; i < 60; i += 1) {
    if ((await read()) > before) return;
    await page.waitForTimeout(500);
  }
  assert.fail(`${what} did not grow from ${before}`);
}

// Requests that leave the machine and complaints of the browser; `expected` are those a test provokes.
export function watch(page, urls, expected = /status of 4\d\d/) {
  const foreign = [];
  const complaints = [];
  const allowed = [...urls, 'data:', 'blob:'];
  page.on('request', (r) => {
    if (!allowed.some((a) => r.url().startsWith(a))) foreign.push(r.url());
  });
  page.on('console', (m) => {
    if (m.type() === 'error' && !expected.test(m.text())) complaints.push(m.text());
  });
  page.on('pageerror', (e) => complaints.push(String(e)));
  return () => {
    assert.deepEqual(foreign, [], 'no request leaves the machine');
    assert.deepEqual(complaints, [], 'the browser has nothing to complain of');
  };
}

export const live = (page) => page.locator('.pill.live').waitFor(patience);

// Types into the SQL editor and runs it by the keyboard.
export async function runSql(page, sql) {
  const editor = page.getByRole('textbox', { name: 'SQL' });
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(sql);
  await page.keyboard.press('Control+Enter');
}
