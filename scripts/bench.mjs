// npm run bench -- NAME: runs test/bench/NAME.ts, which prints ratios measured in one run.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesIn } from './runNodeTests.mjs';

const folder = path.join(path.dirname(import.meta.dirname), 'test/bench');
const [name = ''] = process.argv.slice(2).filter((word) => word !== '--');
const file = path.join(folder, `${name}.ts`);
if (name === '' || path.dirname(file) !== folder || !existsSync(file)) {
  const names = filesIn(folder, '.ts')
    .filter((one) => path.dirname(one) === folder)
    .map((one) => path.basename(one, '.ts'));
  console.error(
    `Name a benchmark: npm run bench -- ${names.length > 0 ? names.join(' | ') : 'NAME (there are none yet)'}`,
  );
  process.exitCode = 2;
} else {
  await import(pathToFileURL(file).href);
}
