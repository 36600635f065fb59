// A demo of this build on free ports and a folder of its own, and a wire to it that a test can cut.
import { spawn } from 'node:child_process';
import { createServer, request as httpRequest } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export async function startDemo() {
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
export async function startWire(url) {
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
