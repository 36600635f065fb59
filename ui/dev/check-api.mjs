// Fails when src/api/schema.ts is not what src/server/openapi.yaml gives.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'tarn-api-'));
const fresh = join(folder, 'schema.ts');
try {
  execFileSync('npx', ['--no-install', 'openapi-typescript', '../src/server/openapi.yaml', '-o', fresh], { stdio: 'pipe' });
  if (readFileSync(fresh, 'utf8') !== readFileSync('src/api/schema.ts', 'utf8')) {
    console.error('ui/src/api/schema.ts is stale. Run: cd ui && npm run api');
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
