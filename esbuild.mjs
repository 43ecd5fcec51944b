// Bundles the extension and the command line: `npm run build`, `npm run watch`. What is imported with `import()` becomes a
// file of its own, so that starting loads only what starting needs.
import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { withLock } from './src/clients/files/lockFile.ts';

const outdir = path.join(import.meta.dirname, 'dist');

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: import.meta.dirname,
  entryPoints: { extension: 'src/extension.ts', cli: 'src/cliEntry.ts' },
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: ['vscode'],
  // CommonJS packages in an ES module still call require() for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  minify: true,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
};

/**
 * Bundles for shipping, then runs `use` before another build may replace the bundles.
 * @template T
 * @param {(metafile: esbuild.Metafile) => Promise<T>} use
 * @returns {Promise<T>}
 */
export function bundle(use) {
  const lock = path.join(import.meta.dirname, 'out/build.lock');
  return withLock(lock, () => bundleOnce().then(use), new AbortController().signal);
}

async function bundleOnce() {
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await esbuild.build(options);
  await chmod(path.join(outdir, 'cli.js'), 0o755);
  return metafile;
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--watch')) {
    const context = await esbuild.context({ ...options, minify: false, logLevel: 'info' });
    await context.watch();
  } else {
    await bundle(async () => undefined);
  }
}
