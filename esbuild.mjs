// Bundles the extension and the command line: `node esbuild.mjs [--watch]`. What is imported with `import()` becomes a
// file of its own, so that starting loads only what starting needs.
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';

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

await rm(outdir, { recursive: true, force: true });
if (process.argv.includes('--watch')) {
  const context = await esbuild.context({ ...options, minify: false, logLevel: 'info' });
  await context.watch();
} else {
  const { metafile } = await esbuild.build(options);
  await writeFile(path.join(outdir, 'meta.json'), JSON.stringify(metafile));
  await chmod(path.join(outdir, 'cli.js'), 0o755);
}
