// Bundles the extension and the command line: `npm run build`, `npm run watch`. What is imported with `import()` becomes a
// file of its own, so that starting loads only what starting needs.
import { chmod, rm } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { withLock } from './src/clients/files/lockFile.ts';

const root = import.meta.dirname;
const outdir = path.join(root, 'dist');
const source = path.join(root, 'src');

/**
 * What dockerode brings along and we have no use for: connections by ssh are made by the program ssh, sessions and traces
 * of BuildKit by src/clients/docker. They weigh more than the rest of that client, and hold compiled code for one system.
 */
const unused = ['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'];
/**
 * Most of client-node is an API made by a generator, with a client for HTTP of its own. src/clients/kubernetes reads objects
 * as JSON instead, and takes of client-node how a kubeconfig is applied to connections.
 */
const generated = /[\\/]@kubernetes[\\/]client-node[\\/]dist$/;

/** @type {esbuild.Plugin} Needed wherever our sources are bundled: esbuild cannot bundle compiled code. */
export const withoutUnused = {
  name: 'without-unused',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^(${unused.join('|')})$`) }, ({ path: name }) => ({
      path: name,
      namespace: 'unused',
    }));
    onResolve({ filter: /^(\.\/gen\/.*|undici)$/ }, ({ path: name, resolveDir }) =>
      generated.test(resolveDir) ? { path: name, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node22',
  external: ['vscode'],
  minify: true,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  plugins: [withoutUnused],
};

/**
 * What activation loads is one CommonJS file: the editor loads that in one go, and ES modules file by file.
 * @param {Set<string>} lazy  gets the modules that it imports with `import()`: sources without extension
 * @returns {esbuild.BuildOptions}
 */
const activation = (lazy) => ({
  ...common,
  entryPoints: { extension: path.join(source, 'extension.ts') },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  plugins: [
    withoutUnused,
    {
      name: 'lazy',
      setup: ({ onResolve }) => {
        onResolve({ filter: /^\./ }, ({ kind, resolveDir, path: imported }) => {
          if (kind !== 'dynamic-import') return undefined;
          const module = path.relative(source, path.resolve(resolveDir, imported)).split(path.sep).join('/');
          lazy.add(module);
          return { path: `./${module}.js`, external: true };
        });
      },
    },
  ],
});

/**
 * @param {Set<string>} lazy
 * @returns {esbuild.BuildOptions}
 */
const modules = (lazy) => ({
  ...common,
  entryPoints: {
    cli: path.join(source, 'cliEntry.ts'),
    layerWorker: path.join(source, 'build/image/layerWorker.ts'),
    ...Object.fromEntries([...lazy].map((module) => [module, path.join(source, module)])),
  },
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  format: 'esm',
  // CommonJS packages in an ES module still call require() for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});

/**
 * The command line is one CommonJS file, as every run of it starts anew: the modules of the editor are many small ones, and an
 * ES module that imports `node:http` makes Node load its client for WebSocket too. Together that was half of a start.
 * @type {esbuild.BuildOptions}
 */
const commandLine = {
  ...common,
  entryPoints: { commandLine: path.join(source, 'cli.ts') },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
};

/**
 * Bundles for shipping, then runs `use` before another build may replace the bundles.
 * @template T
 * @param {(outputs: esbuild.Metafile['outputs']) => Promise<T>} use
 * @returns {Promise<T>}
 */
export function bundle(use) {
  const lock = path.join(root, 'out/build.lock');
  return withLock(lock, () => bundleOnce().then(use), new AbortController().signal);
}

async function bundleOnce(options = {}) {
  await rm(outdir, { recursive: true, force: true });
  const lazy = new Set();
  const first = await esbuild.build({ ...activation(lazy), ...options });
  const second = await esbuild.build({ ...modules(lazy), ...options });
  const third = await esbuild.build({ ...commandLine, ...options });
  await chmod(path.join(outdir, 'cli.js'), 0o755);
  return { ...first.metafile.outputs, ...second.metafile.outputs, ...third.metafile.outputs };
}

async function watch() {
  const readable = { minify: false, logLevel: 'info' };
  const lazy = new Set();
  await esbuild.build({ ...activation(lazy), ...readable });
  for (const one of [activation(new Set()), modules(lazy), commandLine]) {
    const context = await esbuild.context({ ...one, ...readable });
    await context.watch();
  }
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--watch')) await watch();
  else await bundle(async () => undefined);
}
