// Makes src/api/schema.ts of the API's contract (tools/openapi.py); with --check, fails when it is another.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made = 'src/api/schema.ts';
const folder = mkdtempSync(join(tmpdir(), 'tarn-api-'));
const contract = join(folder, 'openapi.yaml');
const fresh = join(folder, 'schema.ts');
try {
  execFileSync('python3', ['../tools/openapi.py', contract], { stdio: 'inherit' });
  execFileSync('npx', ['--no-install', 'openapi-typescript', contract, '-o', fresh], { stdio: 'pipe' });
  if (!process.argv.includes('--check')) {
    copyFileSync(fresh, made);
  } else if (readFileSync(fresh, 'utf8') !== readFileSync(made, 'utf8')) {
    console.error(`ui/${made} is stale. Run: cd ui && npm run api`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
