// npm run check [-- STEP…]: everything that can be said about the code without starting an editor.
// All steps run, also after one failed; the last line says which did.
import path from 'node:path';
import { inEnvironment, pythonCheckers } from '../test/testbed/python.ts';
import { runTool } from '../test/testbed/runTool.ts';
import { bundleSizes } from './bundleSizes.mjs';

const root = path.dirname(import.meta.dirname);
const isCi = Boolean(process.env.CI) && process.env.CI !== 'false';
const python = {
  settings: path.join(root, 'resources/runtime/pyproject.toml'),
  folders: ['resources', 'test/python', 'scripts'],
};

const tool = (package_, file, ...args) => node(path.join('node_modules', package_, file), ...args);
const node = (...args) => runTool(process.execPath, args, { cwd: root });

async function checker(name, args, cwd = root) {
  let folder;
  try {
    folder = await pythonCheckers(console.log);
  } catch (error) {
    if (isCi) throw error;
    return `skipped: ${error.message}`;
  }
  return runTool(inEnvironment(folder, name), args, { cwd }).then(() => '');
}

const ruff = (...args) =>
  checker('ruff', [
    ...args,
    '--config',
    python.settings,
    '--cache-dir',
    path.join(root, 'out/ruff'),
    ...python.folders,
  ]);
const mypy = () =>
  checker('mypy', ['--strict', '--cache-dir', path.join(root, 'out/mypy'), '.'], path.join(root, 'resources/runtime'));

/** What each step runs. It fails by throwing; the text that it resolves with, if any, is shown. */
const steps = {
  types: () => tool('typescript', 'bin/tsc').then(() => ''),
  lint: () => tool('eslint', 'bin/eslint.js', '.', '--max-warnings=0').then(() => ''),
  layers: () =>
    tool('dependency-cruiser', 'bin/dependency-cruiser.mjs', 'src', 'test', '--output-type', 'err').then(() => ''),
  unused: () => tool('knip', 'bin/knip.js').then(() => ''),
  format: () => tool('prettier', 'bin/prettier.cjs', '--check', '--log-level=warn', '.').then(() => ''),
  'python lint': () => ruff('check', '-q'),
  'python format': () => ruff('format', '--check', '-q'),
  'python types': mypy,
  'unit tests': async () => (await node('--import', 'tsx', 'scripts/test.mjs', 'unit')).trim().split('\n').at(-1),
  size: () => bundleSizes(),
};

const wanted = process.argv.slice(2).filter((word) => word !== '--');
const chosen = Object.keys(steps).filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
const failed = [];
for (const name of chosen) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  try {
    const note = await steps[name]();
    console.log(`ok      ${name} (${seconds()})${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed.push(name);
    console.log(`FAILED  ${name} (${seconds()})\n${String(error.message).replaceAll(/^/gm, '        ')}`);
  }
}
console.log(
  failed.length === 0
    ? `All ${chosen.length} checks passed.`
    : `${failed.length} of ${chosen.length} checks failed: ${failed.join(', ')}.`,
);
process.exitCode = failed.length === 0 && chosen.length > 0 ? 0 : 1;
