import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { endProcessesNaming, onExit } from '../cleanup';
import { findChromium } from './chromium';
import { runTool } from '../runTool';
import { findDesktopEditor, runInDesktop } from './desktop';
import type { HostResults, HostTestResult } from './hostRunner';
import { codeServerProblem } from './installCodeServer';
import { startServer } from './server';
import { openWorkbench } from './workbench';

export interface HostTestOptions {
  /** The checkout. */
  readonly root: string;
  /** Test files in TypeScript. */
  readonly files: readonly string[];
  readonly vsix: string;
  /** What bundling our sources takes. */
  readonly plugins: readonly Plugin[];
  readonly signal: AbortSignal;
  readonly verbose: boolean;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface HostRun {
  readonly folder: string;
  readonly workspace: string;
  readonly host: string;
  readonly runner: string;
  readonly env: Readonly<Record<string, string>>;
}

const deadlineMs = 15 * 60_000;

/** Why no editor can run the host tests here, or undefined. */
export function editorProblem(root: string = process.cwd()): string | undefined {
  if (findDesktopEditor(root) !== undefined) return undefined;
  return (
    codeServerProblem() ??
    (findChromium() === undefined ? 'no VS Code for tests and no Chromium were found' : undefined)
  );
}

/**
 * Runs mocha tests inside the extension host of a real editor that has the packaged extension installed: in a desktop
 * VS Code when one is there, else in code-server. The workspace is a copy of `examples`.
 */
export async function runHostTests(options: HostTestOptions): Promise<Counts> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sw-host-'));
  const remove = (): void => {
    endProcessesNaming(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const forget = onExit(remove);
  try {
    const run = await prepare(options, folder);
    const vsix = [options.vsix, await packageStandIn(options.root, folder)];
    const executable = findDesktopEditor(options.root);
    const trouble =
      executable === undefined
        ? await runInCodeServer({ ...run, vsix }, options)
        : await runInDesktop({ ...run, executable, vsix }).then(
            () => [],
            (error: unknown) => [String(error)],
          );
    return summarize(run, options, trouble);
  } finally {
    remove();
    forget();
  }
}

async function prepare(options: HostTestOptions, folder: string): Promise<HostRun> {
  const bundles = path.join(options.root, 'out/integration');
  rmSync(bundles, { recursive: true, force: true });
  const runner = path.join(options.root, 'test/testbed/vscode/hostRunner.ts');
  await build({
    entryPoints: [runner, ...options.files],
    outdir: bundles,
    outbase: path.join(options.root, 'test'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: ['vscode', 'mocha'],
    plugins: [...options.plugins],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const bundleOf = (file: string): string =>
    path.join(bundles, path.relative(path.join(options.root, 'test'), file).replace(/\.ts$/, '.cjs'));
  const [workspace, host] = [path.join(folder, 'workspace'), path.join(folder, 'host')];
  mkdirSync(host);
  writeFileSync(
    path.join(host, 'package.json'),
    '{"name":"host","publisher":"slipway","version":"0.0.0","engines":{"vscode":"*"}}',
  );
  const examples = path.join(options.root, 'examples');
  if (existsSync(examples)) cpSync(examples, workspace, { recursive: true });
  else mkdirSync(workspace);
  const env = {
    SLIPWAY_HOST_TESTS: JSON.stringify(options.files.map(bundleOf)),
    SLIPWAY_HOST_RESULTS: path.join(folder, 'results.json'),
  };
  return { folder, workspace, host, runner: bundleOf(runner), env };
}

/** The extension that stands for that of Python. */
async function packageStandIn(root: string, folder: string): Promise<string> {
  const file = path.join(folder, 'python.vsix');
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '-o', file];
  await runTool(process.execPath, [vsce, 'package', ...options], {
    cwd: path.join(import.meta.dirname, 'pythonExtension'),
  });
  return file;
}

/** Resolves with what went wrong outside of the tests. */
async function runInCodeServer(
  run: HostRun & { readonly vsix: readonly string[] },
  options: HostTestOptions,
): Promise<string[]> {
  const server = await startServer({ vsix: run.vsix, driver: true, env: run.env, report: console.log });
  const trouble: string[] = [];
  try {
    const exit = Promise.withResolvers<string>();
    const stop = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
    stop.addEventListener('abort', () => {
      exit.resolve('The tests were stopped before they ended.');
    });
    const local = `vscode-remote://127.0.0.1:${server.port}`;
    const workbench = await openWorkbench(server, {
      folder: run.workspace,
      payload: [
        ['extensionDevelopmentPath', local + run.host],
        ['extensionTestsPath', local + run.runner],
        ['skipWelcome', 'true'],
      ],
      prepare: async (page) => {
        await page.exposeFunction('codeAutomationExit', () => {
          exit.resolve('');
        });
        await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
          if (options.verbose) console.log(format(...args));
        });
      },
    });
    const problem = await exit.promise;
    if (problem !== '') trouble.push(problem);
    await workbench.close();
  } finally {
    const left = await server.stop();
    trouble.push(...left.map((line) => `Still running after the editor had ended: ${line}`));
  }
  return trouble;
}

function summarize(run: HostRun, options: HostTestOptions, trouble: readonly string[]): Counts {
  const { isComplete, ended } = readResults(run);
  for (const test of ended) printResult(test, options.verbose);
  const problems = isComplete ? trouble : [...trouble, 'The extension host ended before its tests did.'];
  for (const problem of problems) console.log(`    ${problem}`);
  const count = (wanted: HostTestResult['how']): number => ended.filter(({ how }) => how === wanted).length;
  return { passed: count('passed'), failed: count('failed') + problems.length, skipped: count('skipped') };
}

function readResults(run: HostRun): HostResults {
  const file = run.env['SLIPWAY_HOST_RESULTS'] ?? '';
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as HostResults) : { isComplete: false, ended: [] };
}

function printResult({ title, how, error }: HostTestResult, verbose: boolean): void {
  if (how !== 'passed' || verbose) console.log(`    ${how}: ${title}`);
  if (error !== undefined) console.log(error.replaceAll(/^/gm, '      '));
}
