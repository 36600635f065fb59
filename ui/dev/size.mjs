// Fails when what a browser loads is larger than 1.5 MB compressed. All fonts' subsets are counted.
import { readdirSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const limit = 1.5 * 1024 * 1024;
let total = 0;
const walk = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) walk(path);
    else if (!name.endsWith('.gz')) total += statSync(existsSync(`${path}.gz`) ? `${path}.gz` : path).size;
  }
};
walk('dist');
console.log(`ui/dist: ${(total / 1024).toFixed(0)} kB compressed (limit ${limit / 1024} kB)`);
if (total > limit) process.exit(1);
