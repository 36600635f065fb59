// The page, seen by a browser: it is alive, the ledger holds, nothing leaves the machine, it survives losing its server.
//   node run.mjs                 starts bin/tarn demo (TARN_BIN) on free ports and a folder of its own, and stops it
//   TARN_URL=http://… node run.mjs   looks at a server that runs already (does not stop it)
//   TARN_SHOTS=folder            also takes screenshots: light, dark, phone
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, request as httpRequest } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { withBrowser } from './browser.mjs';
import { takeShots } from './shots.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const patience = { timeout: 60_000 };

async function startDemo() {
  const data = mkdtempSync(join(tmpdir(), 'tarn-browser-'));
  const child = spawn(
    process.env.TARN_BIN ?? join(root, 'bin', 'tarn'),
    ['demo', '--data', data, '--no-browser', '--rate', '500', '--kafka-port', '0', '--http-port', '0'],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGINT');
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await new Promise((resolve) => child.once('exit', resolve));
      clearTimeout(hard);
    }
    rmSync(data, { recursive: true, force: true });
  };
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`tarn demo ended with code ${code} before it was ready`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = line.match(/http:\/\/\S+/);
      if (found) resolve(found[0].replace(/\/$/, ''));
    });
    setTimeout(() => reject(new Error('tarn demo was not ready within 60 s')), 60_000).unref();
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, stop };
}

// A wire to the server that a test can cut: it forwards requests under the server's own name.
async function startWire(url) {
  const to = new URL(url);
  const sockets = new Set();
  let whole = true;
  const server = createServer((request, response) => {
    const headers = { ...request.headers, host: to.host };
    delete headers.origin;
    const onward = httpRequest({ host: to.hostname, port: to.port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket) => {
    if (!whole) return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    mend: () => (whole = true),
    stop: () => {
      cut();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const number = (text) => Number(text.replaceAll(',', ''));
const sum = async (page, name) => number(await page.locator(`[data-ledger="${name}"] .sum-value`).innerText());

async function grows(page, read, what) {
  const before = await read();
  for (let i = 0; i < 60; i += 1) {
    if ((await read()) > before) return;
    await page.waitForTimeout(500);
  }
  assert.fail(`${what} did not grow from ${before}`);
}

async function look(url) {
  const foreign = [];
  const allowed = [url, 'data:', 'blob:'];
  const complaints = [];
  await withBrowser({ viewport: { width: 1360, height: 900 } }, async (_context, page) => {
    page.on('request', (r) => {
      if (!allowed.some((a) => r.url().startsWith(a))) foreign.push(r.url());
    });
    page.on('console', (m) => {
      if (m.type() === 'error') complaints.push(m.text());
    });
    page.on('pageerror', (e) => complaints.push(String(e)));

    await page.goto(url);
    await page.locator('.pill.live').waitFor(patience);
    console.log('ok: the page is live');

    await page.locator('.ledger[data-verdict="good"]').waitFor(patience);
    await grows(page, () => sum(page, 'sent'), 'sent');
    await grows(page, () => sum(page, 'bronze'), 'bronze');
    console.log('ok: the numbers move');

    // Each reading of the strip is one answer of the server, rendered at once: it must add up at every moment.
    for (let i = 0; i < 20; i += 1) {
      const l = await page.evaluate(() =>
        Object.fromEntries([...document.querySelectorAll('[data-ledger]')].map((e) => [e.dataset.ledger, e.querySelector('.sum-value').textContent])),
      );
      const [log, bronze, quarantine, flight] = ['in-the-log', 'bronze', 'quarantine', 'in-flight'].map((n) => number(l[n]));
      assert.equal(bronze + quarantine + flight, log, JSON.stringify(l));
      assert.equal(l.lost, '0');
      assert.equal(l.double, '0');
      await page.waitForTimeout(250);
    }
    console.log('ok: bronze + quarantine + in flight = in the log, lost 0, double 0, 20 times');

    await page.locator('[data-view="live.clicks_windows"] canvas').first().waitFor(patience);
    await page.locator('[data-view="live.clicks_windows"] .bars tbody tr').first().waitFor(patience);
    assert.equal(await page.locator('[data-table]').count(), 3);
    assert.equal(await page.locator('.state.running').count(), 4);
    console.log('ok: windows, tables and flows are there');

    await page.getByRole('textbox', { name: 'SQL' }).fill('select 40 + 2 as answer');
    await page.getByRole('button', { name: /^Run/ }).click();
    await page.locator('.result td', { hasText: '42' }).waitFor(patience);
    await page.getByRole('textbox', { name: 'SQL' }).fill('select wrong from nowhere');
    await page.getByRole('button', { name: /^Run/ }).click();
    await page.locator('.error-box pre', { hasText: 'nowhere' }).waitFor(patience);
    console.log('ok: SQL answers, and says what is wrong');

    complaints.splice(0, complaints.length, ...complaints.filter((c) => !c.includes('status of 400')));
    assert.deepEqual(complaints, [], 'the browser has nothing to complain of');
    const wire = await startWire(url);
    allowed.push(wire.url);
    await page.goto(wire.url);
    await page.locator('.ledger[data-verdict="good"]').waitFor(patience);
    wire.cut();
    await page.locator('.disconnected').waitFor(patience);
    assert.ok((await sum(page, 'bronze')) > 0, 'the last numbers stay');
    wire.mend();
    await page.locator('.pill.live').waitFor(patience);
    await page.locator('.disconnected').waitFor({ state: 'detached', ...patience });
    await grows(page, () => sum(page, 'bronze'), 'bronze, after coming back,');
    await wire.stop();
    console.log('ok: it says when it is cut off, keeps what it knew and comes back by itself');
    assert.deepEqual(foreign, [], 'no request leaves the machine');
    console.log('ok: no request left the machine');
  });
}

const server = process.env.TARN_URL ? { url: process.env.TARN_URL, stop: async () => {} } : await startDemo();
try {
  await look(server.url);
  if (process.env.TARN_SHOTS) await takeShots(server.url, process.env.TARN_SHOTS);
} finally {
  await server.stop();
}
