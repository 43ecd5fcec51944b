import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onExit } from '../cleanup';
import { requireProgram } from '../program';

/** The reference registry, as Debian packages it, on a free port of the loopback address. */
export interface TestRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Lines of YAML for the section `auth`. */
  readonly auth?: string;
  /** Files of a certificate and its key: speak TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

const startMs = 30_000;

/** Starts a registry with an empty store. Nothing of it is left when this process ends, however it ends. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const program = requireProgram('docker-registry');
  const folder = mkdtempSync(path.join(tmpdir(), 'slw-registry-'));
  const config = path.join(folder, 'config.yml');
  writeFileSync(config, configuration(path.join(folder, 'store'), options));
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const forget = onExit(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    forget();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await portOf(child);
    return { host: `127.0.0.1:${port}`, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Port 0 is any free one, which the log then tells. */
function configuration(store: string, { auth, tls }: RegistryOptions): string {
  const secure = tls === undefined ? '' : `, tls: {certificate: ${tls.certificate}, key: ${tls.key}}`;
  const lines = [
    'version: 0.1',
    'log: {level: info}',
    'storage:',
    `  filesystem: {rootdirectory: ${store}}`,
    '  delete: {enabled: true}',
    `http: {addr: "127.0.0.1:0"${secure}}`,
    ...(auth === undefined ? [] : [`auth: ${auth}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (why: string): void => {
      reject(new Error(`docker-registry ${why}:\n${log.slice(-2000)}`));
    };
    const timer = setTimeout(() => {
      fail(`did not listen within ${startMs / 1000} s`);
    }, startMs);
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
      const port = /listening on 127\.0\.0\.1:(?<port>\d+)/.exec(log)?.groups?.['port'];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      fail(`ended with ${String(code)}`);
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => {
      resolve();
    });
    child.kill('SIGKILL');
  });
}
