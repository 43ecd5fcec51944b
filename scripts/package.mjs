// npm run package: builds and makes out/slipway.vsix.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '@vscode/vsce';
import { bundle } from '../esbuild.mjs';
import { runTool } from '../test/testbed/runTool.ts';
import { filesIn } from './runNodeTests.mjs';

const root = path.dirname(import.meta.dirname);
const isCache = (file) => /(^|[\\/])(__pycache__|\.[a-z_]+_cache)([\\/]|$)|pyproject\.toml$/.test(file);

/**
 * Builds the extension and packages it.
 * @returns {Promise<string>} the VSIX, an absolute path
 * @throws {Error} naming files of resources that .vscodeignore would leave out, or caches that it would take in
 */
export async function makePackage() {
  const file = path.join(root, 'out/slipway.vsix');
  mkdirSync(path.dirname(file), { recursive: true });
  return bundle(async () => {
    await checkContents();
    // In a process of its own, because vsce ends its process when something is wrong.
    const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
    await runTool(
      process.execPath,
      [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '-o', file],
      {
        cwd: root,
      },
    );
    return file;
  });
}

async function checkContents() {
  const shipped = new Set((await listFiles({ cwd: root, dependencies: false })).map((name) => path.normalize(name)));
  const resources = filesIn(path.join(root, 'resources'), '').filter((name) => path.extname(name) !== '');
  const missing = resources
    .map((name) => path.relative(root, name))
    .filter((name) => !isCache(name) && !shipped.has(name));
  const pictures = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/!\[[^\]]*\]\((docs\/[^)]+)\)/g)]
    .map(([, name = '']) => path.normalize(name))
    .filter((name) => !shipped.has(name));
  const unwanted = [...shipped].filter(isCache);
  if (missing.length > 0)
    throw new Error(`.vscodeignore leaves out what the extension reads at run time: ${missing.join(', ')}`);
  if (pictures.length > 0) throw new Error(`.vscodeignore leaves out pictures of the README: ${pictures.join(', ')}`);
  if (unwanted.length > 0) throw new Error(`.vscodeignore takes in caches: ${unwanted.join(', ')}`);
}

if (process.argv[1] === import.meta.filename) console.log(`Packaged ${await makePackage()}`);
