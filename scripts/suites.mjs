import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withoutUnused } from '../esbuild.mjs';
import { debianArchive } from '../test/testbed/docker/baseImage.ts';
import { engineProblem } from '../test/testbed/docker/engine.ts';
import { builtBinaries, kubernetesBinaries } from '../test/testbed/kubernetes/binaries.ts';
import { clusterProblem } from '../test/testbed/kubernetes/problem.ts';
import { pythonTestEnvironments } from '../test/testbed/python.ts';
import { runTool } from '../test/testbed/runTool.ts';
import { editorProblem, runHostTests } from '../test/testbed/vscode/hostTests.ts';
import { codeServerProblem } from '../test/testbed/vscode/installCodeServer.ts';
import { findChromium } from '../test/testbed/vscode/chromium.ts';
import { makePackage } from './package.mjs';
import { filesIn, runNodeTests } from './runNodeTests.mjs';

const root = path.dirname(import.meta.dirname);
const minutes = (count) => count * 60_000;

/**
 * @typedef {{ names: string[], verbose: boolean, signal: AbortSignal }} Options  names: keep files whose path contains one
 * @typedef {import('./reporter.mjs').Counts} Counts
 * @typedef {object} Suite
 * @property {string} name
 * @property {(options: Options) => string[]} files  the test files it would run
 * @property {() => string | undefined} [problem]  why this machine cannot run it
 * @property {() => Promise<Record<string, string>>} [prepare]  makes what it needs; resolves with variables for its tests
 * @property {(files: string[], options: Options, env: Record<string, string>) => Promise<Counts>} run
 */

const testFiles = (folder, suffix) => (options) =>
  filesIn(path.join(root, 'test', folder), suffix).filter(
    (file) => options.names.length === 0 || options.names.some((name) => file.includes(name)),
  );

const nodeTests = (timeoutMs, concurrency) => (files, options, env) =>
  runNodeTests({ files, root, timeoutMs, concurrency, env, verbose: options.verbose, signal: options.signal });

const python = () => pythonTestEnvironments(console.log);
const images = async () => ({ ...(await python()), SLIPWAY_TEST_BASE: await debianArchive(console.log) });
const kubernetes = async () => ({
  ...(await images()),
  ...(await vsix()),
  SLIPWAY_TEST_KUBERNETES: await kubernetesBinaries('cluster', console.log),
  SLIPWAY_TEST_KUBERNETES_ROUTER: await kubernetesBinaries('kube-router', console.log),
  SLIPWAY_TEST_KUBERNETES_SCALE: await forFewTests('scale'),
  SLIPWAY_TEST_KUBERNETES_KARPENTER: await forFewTests('karpenter'),
});
// Outside CI nobody waits for what few tests need.
const forFewTests = async (kind) =>
  process.env.CI === 'true' ? kubernetesBinaries(kind, console.log) : (builtBinaries(kind) ?? '');
const vsix = async () => ({ SLIPWAY_VSIX: await makePackage() });

const uiProblem = () =>
  codeServerProblem() ??
  (findChromium() ? undefined : 'no Chromium was found (put one on PATH or name it with CHROMIUM)');

async function runUnittest(files, options, env) {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-unittest-'));
  const counts = path.join(folder, 'counts.json');
  const args = [path.join(root, 'scripts/run_unittest.py'), path.join(root, 'test/python'), counts, ...options.names];
  const environment = { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' };
  try {
    const verbose = options.verbose ? ['--verbose'] : [];
    const run = { cwd: root, env: environment, show: true, signal: options.signal };
    const failure = await runTool(env.SLIPWAY_TEST_PYTHON, [...args, ...verbose], run).catch((error) => error);
    try {
      return JSON.parse(readFileSync(counts, 'utf8'));
    } catch {
      throw new Error('The Python tests ended before they were counted.', { cause: failure });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {Suite[]} The suites in the order they run: the quickest first. */
export const suites = [
  { name: 'unit', files: testFiles('unit', '.test.ts'), run: nodeTests(minutes(2)) },
  { name: 'python', files: testFiles('python', '.py'), prepare: python, run: runUnittest },
  { name: 'contract', files: testFiles('contract', '.test.ts'), prepare: python, run: nodeTests(minutes(20), 1) },
  {
    name: 'integration',
    files: testFiles('integration', '.test.ts'),
    problem: editorProblem,
    prepare: vsix,
    run: (files, options, env) =>
      runHostTests({ ...options, root, files, vsix: env.SLIPWAY_VSIX, plugins: [withoutUnused] }),
  },
  { name: 'ui', files: testFiles('ui', '.ui.ts'), problem: uiProblem, prepare: vsix, run: nodeTests(minutes(20), 1) },
  {
    name: 'images',
    files: testFiles('images', '.test.ts'),
    problem: engineProblem,
    prepare: images,
    run: nodeTests(minutes(20), 1),
  },
  {
    name: 'kubernetes',
    files: testFiles('kubernetes', '.test.ts'),
    problem: () => clusterProblem() ?? uiProblem(),
    prepare: kubernetes,
    run: nodeTests(minutes(20), 1),
  },
];
