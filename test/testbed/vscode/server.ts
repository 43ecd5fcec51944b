import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcessesNaming, onExit, signalQuietly } from '../cleanup';
import { runTool } from '../runTool';
import { installCodeServer } from './installCodeServer';
import { quietSettings } from './settings';

export interface ServerOptions {
  /** Extensions to install first. */
  readonly vsix?: readonly string[];
  /** User settings, above the quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Variables for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Lets the page start a test suite in the extension host; toasts and modal dialogs are then off. */
  readonly driver?: boolean;
  readonly trustEverything?: boolean;
  readonly report?: (line: string) => void;
}

/** A VS Code workbench that answers on a loopback port. */
export interface EditorServer {
  readonly url: string;
  readonly port: number;
  /** Everything that the server writes stands below this folder, which `stop` removes. */
  readonly folder: string;
  /** Slipway's home, as `slipway.home` names it to the extension. */
  readonly home: string;
  /** What the server has written so far. */
  readonly output: () => string;
  /**
   * Ends the server with all that it started and removes its folder.
   * @returns the command lines of processes that had outlived the server
   */
  stop(): Promise<string[]>;
}

const startDeadlineMs = 90_000;

/** Starts code-server, installing it first when needed. Nothing is left when this process ends, however it ends. */
export async function startServer(options: ServerOptions = {}): Promise<EditorServer> {
  const program = await installCodeServer(options.report ?? (() => undefined));
  // Unix sockets are made below: their paths must stay under 100 bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'sw-'));
  const forget = onExit(() => {
    endProcessesNaming(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  try {
    const port = await freePort();
    const paths = writeConfiguration(folder, port, options);
    const env = environment(folder, options.env);
    const common = ['--config', paths.config, '--user-data-dir', paths.data, '--extensions-dir', paths.extensions];
    const install = (options.vsix ?? []).flatMap((file) => ['--install-extension', file]);
    if (install.length > 0) await runTool(process.execPath, [program, ...common, ...install], { env });
    const started = await start(program, [...common, ...flags(options)], env, `http://127.0.0.1:${port}`);
    const forgetGroup = onExit(() => signalGroup(started.child, 'SIGKILL'));
    const forgetAll = (): void => {
      forget();
      forgetGroup();
    };
    return {
      url: started.url,
      port,
      folder,
      home: paths.home,
      output: started.output,
      stop: () => stop(started.child, folder, forgetAll),
    };
  } catch (error) {
    endProcessesNaming(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    forget();
    throw error;
  }
}

function flags(options: ServerOptions): string[] {
  return [
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-getting-started-override',
    ...(options.trustEverything === false ? [] : ['--disable-workspace-trust']),
    ...(options.driver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
}

function writeConfiguration(folder: string, port: number, options: ServerOptions) {
  const [config, data, extensions, home] = ['config.yaml', 'data', 'ext', 'home'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  for (const one of [path.join(data, 'User'), path.join(data, 'Machine'), extensions, path.join(folder, 't')])
    mkdirSync(one, { recursive: true });
  const trust = { 'security.workspace.trust.enabled': options.trustEverything === false };
  const { 'slipway.home': chosenHome = home, ...settings } = { ...quietSettings, ...trust, ...options.settings };
  writeFileSync(path.join(data, 'User/settings.json'), JSON.stringify(settings, undefined, 2));
  // The browser is a client of this machine, and a client's user settings say nothing about a machine's folders.
  writeFileSync(path.join(data, 'Machine/settings.json'), JSON.stringify({ 'slipway.home': chosenHome }, undefined, 2));
  writeFileSync(config, `bind-addr: 127.0.0.1:${port}\nauth: none\ncert: false\n`);
  return { config, data, extensions, home };
}

/** Keeps sockets, logs and Docker's configuration below the folder, and the server off every public service. */
function environment(folder: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const foreign = /^(VSCODE_|ELECTRON_|CODE_SERVER_|npm_|NODE_OPTIONS$|NODE_TEST|PORT$|PASSWORD$|HASHED_PASSWORD$|CI$)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const xdg = path.join(folder, 'xdg');
  return {
    ...Object.fromEntries(own),
    EXTENSIONS_GALLERY: '{}',
    TMPDIR: path.join(folder, 't'),
    XDG_RUNTIME_DIR: path.join(folder, 't'),
    XDG_DATA_HOME: xdg,
    XDG_CONFIG_HOME: xdg,
    XDG_CACHE_HOME: xdg,
    DOCKER_CONFIG: path.join(folder, 'docker'),
    ...extra,
  };
}

interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  readonly output: () => string;
}

async function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv, url: string): Promise<Started> {
  const child = spawn(process.execPath, [program, ...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const deadline = Date.now() + startDeadlineMs;
  while (!(await answers(`${url}/healthz`))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`code-server did not start:\n${text}`);
    await delay(100);
  }
  return { url, child, output: () => text };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess, folder: string, forget: () => void): Promise<string[]> {
  signalGroup(child, 'SIGTERM');
  const deadline = Date.now() + 5000;
  while (signalGroup(child, 0) && Date.now() < deadline) await delay(50);
  signalGroup(child, 'SIGKILL');
  const left = endProcessesNaming(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  forget();
  return left;
}

/** Signals the server's process group; 0 only asks whether it is there. A child that never started has none. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  return child.pid !== undefined && signalQuietly(-child.pid, signal);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
