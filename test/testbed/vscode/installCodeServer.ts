import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { cached } from '../cache';
import { runTool } from '../runTool';

/** The npm package that holds a VS Code workbench and its extension host; the patch release of VS Code is 1.139.1. */
const version = '4.139.1';

/** Native modules without a ready-made binary: the text of output channels goes through the first. */
const compiled = ['@vscode/spdlog', '@vscode/native-watchdog'];

/** Half a gigabyte that no extension needs. */
const unneeded = [
  'node_modules/@github',
  'node_modules/@microsoft/mxc-sdk',
  'extensions/copilot',
  'extensions/mermaid-markdown-features',
];

/** Why code-server cannot run here, or undefined. */
export function codeServerProblem(): string | undefined {
  if (process.platform === 'win32') return 'code-server does not run on Windows';
  if (!process.version.startsWith('v24.')) return `code-server ${version} needs Node 24, this is ${process.version}`;
  return undefined;
}

/**
 * Installs code-server from the npm registry into the cache, once: about two minutes and 300 MB. No install script of
 * a third party runs. Without a C++ compiler all works but the text of output channels.
 * @returns the program to start with Node
 */
export async function installCodeServer(report: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const folder = await cached(
    `code-server-${version}`,
    `${version} ${process.platform} ${process.arch}`,
    (target) => {
      report(`Installing code-server ${version} in ${target} (about two minutes, once).`);
      return fill(target, report);
    },
    signal,
  );
  return path.join(folder, 'node_modules/code-server/out/node/entry.js');
}

async function fill(folder: string, report: (line: string) => void): Promise<void> {
  await writeFile(path.join(folder, 'package.json'), '{"name":"code-server-prefix","private":true}\n');
  await npm(folder, 'install', `code-server@${version}`);
  const editor = path.join(folder, 'node_modules/code-server/lib/vscode');
  // `npm ci` refuses here: the published shrinkwrap is out of step with its package.json.
  await npm(editor, 'install', '--omit=dev');
  await npm(path.join(editor, 'extensions'), 'install', '--omit=dev');
  await compile(editor).catch((error: unknown) => {
    report(
      `Output channels will stay empty, a native module could not be compiled (g++ and make are needed): ${String(error)}`,
    );
  });
  await linkHelpers(path.join(editor, 'bin'));
  for (const name of unneeded) await rm(path.join(editor, name), { recursive: true, force: true });
}

async function compile(editor: string): Promise<void> {
  const node = path.dirname(path.dirname(process.execPath));
  const headers = existsSync(path.join(node, 'include')) ? [`--nodedir=${node}`] : [];
  await runTool('npm', ['rebuild', ...compiled, ...headers, '--loglevel=error'], { cwd: editor });
}

/** What code-server's own install script links. */
async function linkHelpers(bin: string): Promise<void> {
  const kind = process.platform === 'darwin' ? 'darwin' : 'linux';
  const links = { 'remote-cli/code-server': `code-${kind}.sh`, 'helpers/browser.sh': `browser-${kind}.sh` };
  for (const [link, target] of Object.entries(links)) {
    const file = path.join(bin, link);
    await mkdir(path.dirname(file), { recursive: true });
    await rm(file, { force: true });
    await symlink(target, file);
  }
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await runTool('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
}
