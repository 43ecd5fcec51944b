#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { defaultHome, homeAt } from './core/home';
import type * as CommandLine from './cli';

// Starts the command line on a Node that it runs on. This file itself must load on Node 18.

/** The oldest Node that the libraries we bundle support. */
const oldest = { major: 22, minor: 19 };

interface Manifest {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

const load = createRequire(import.meta.url);

/** The Node that package.json pins for this system, when it is installed beside us. */
function pinnedNode(): string | undefined {
  const windows = process.platform === 'win32';
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;
  const system = `-${windows ? 'win' : process.platform}-${process.arch}`;
  const name = Object.keys(manifest.optionalDependencies ?? {}).find((one) => one.endsWith(system));
  try {
    const file = name === undefined ? undefined : load.resolve(`${name}/bin/${windows ? 'node.exe' : 'node'}`);
    return file !== undefined && existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

async function runOn(node: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both, a program only to this process; the child decides how the command ends.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`slipway could not start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

/** The home that the arguments name: nothing may be written anywhere else. */
function homeOf(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { home: { type: 'string' } }, strict: false });
  return typeof values.home === 'string' ? path.resolve(values.home) : defaultHome();
}

const pinned = isNewEnough(process.versions.node) ? undefined : pinnedNode();
if (isNewEnough(process.versions.node)) {
  // What a download leaves is freed with the young heap. One that grows, as it does while code is loaded, would hold on to
  // 60 MB more of it.
  setFlagsFromString('--semi-space-growth-factor=1');
  // To compile a megabyte of code takes longer than all else that a start does.
  const { root, compiled } = homeAt(homeOf(process.argv.slice(2)));
  // Node tries for ever to make a folder in a place that takes none, such as /proc. The first build makes the home.
  if (existsSync(root)) module.enableCompileCache(compiled);
  const { main } = load('./commandLine.cjs') as typeof CommandLine;
  process.exitCode = await main(process.argv.slice(2), fileURLToPath(new URL('../resources', import.meta.url)));
} else if (pinned !== undefined) {
  await runOn(pinned);
} else {
  process.stderr.write(
    `slipway needs Node ${oldest.major}.${oldest.minor} or newer and this is ${process.versions.node}. ` +
      `Install a newer Node, or run "npm ci" in the folder of Slipway, which brings one.\n`,
  );
  process.exitCode = 1;
}
