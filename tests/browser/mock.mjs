// The stand-in server of ui/dev with the built page, on a free port: for what a test cannot ask of a real one.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ui = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'ui');

export async function withMock(state, work) {
  const child = spawn(process.execPath, [join(ui, 'dev', 'mock.mjs'), '--port', '0', '--state', state], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const url = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the mock ended with code ${code} before it was ready`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = line.match(/http:\/\/\S+/);
        if (found) resolve(found[0]);
      });
    });
    return await work(url);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
