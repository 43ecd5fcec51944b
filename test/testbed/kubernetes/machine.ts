import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../../src/clients/files/lockFile';
import { onExit, signalQuietly } from '../cleanup';
import { groupsNamed, makeGroups, removeGroups } from '../controlGroups';
import { makeNamespace, type NetworkNamespace } from '../docker/namespace';
import { requireProgram } from '../program';
import { runTool } from '../runTool';

/**
 * A machine within this machine: processes, mounts and network of its own, so that a kubelet and its containers change
 * nothing outside. The kernel takes it away as a whole when this process ends, a kill included; what is left then, a
 * folder and empty control groups, goes when the next machine starts.
 */
export interface Machine {
  /** What the machine writes; at the same path inside. */
  readonly folder: string;
  /** A folder that lies in memory, only seen inside: for many files, which would take long to remove. */
  readonly memory: string;
  /** The name of its control group, below every controller. */
  readonly group: string;
  readonly network: NetworkNamespace;
  /** Its first process, as this machine numbers it. */
  readonly pid: number;
  /** Runs a program inside. @throws Error with what it wrote */
  run(command: string, ...args: string[]): Promise<string>;
  /** Starts a program that stays; what it writes goes to `logs/NAME.log`. */
  start(name: string, command: string, args: readonly string[]): Daemon;
  remove(): Promise<void>;
}

/** A program that stays. */
export interface Daemon {
  readonly name: string;
  /** The end of what it wrote. */
  lastWords(): string;
  /** How it ended, with its last words; undefined while it runs. */
  problem(): string | undefined;
  /** Ends it without a chance to tidy up. */
  kill(): Promise<void>;
}

/** Not /tmp, which may lie in memory or on a file system that layers cannot be put on. */
const parent = '/var/tmp';
const prefix = 'slw-machine-';

/** Where the programs of a node write whatever they are told: what they write there lands in the folder. */
const shadowed = ['/run', '/var/lib', '/var/log'];

/** Settings of the kernel that a kubelet sets for the whole machine: it writes to files that stand in for them. */
const kernelSettings = {
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
};

/** @param programs a folder, seen as `bin` of the machine's folder; its `pause` becomes the machine's first process */
export async function startMachine(programs: string): Promise<Machine> {
  removeOrphans();
  const folder = mkdtempSync(path.join(parent, `${prefix}${process.pid}-`));
  const group = path.basename(folder);
  const shell = spawn(requireProgram('setpriv'), words(path.join(programs, 'pause')), {
    stdio: 'ignore',
    detached: true,
  });
  let network: NetworkNamespace | undefined;
  let first: number | undefined;
  const clean = (): void => {
    endAll(shell, first);
    network?.remove();
    removeWhatIsLeft(folder);
  };
  const forget = onExit(clean);
  const remove = (): Promise<void> => {
    forget();
    clean();
    return Promise.resolve();
  };
  try {
    first = await firstProcess(shell);
    network = makeNamespace(first);
    const enter = ['--target', String(first), '--net', '--mount', '--pid', '--'];
    const run = (command: string, ...args: string[]): Promise<string> =>
      runTool(requireProgram('nsenter'), [...enter, command, ...args], { env: environment(folder) });
    await furnish(folder, programs, run);
    makeGroups(group);
    const start = (name: string, command: string, args: readonly string[]): Daemon =>
      startDaemon(folder, name, [...enter, command, ...args]);
    return { folder, memory: path.join(folder, 'memory'), group, network, pid: first, run, start, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function words(init: string): readonly string[] {
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--propagation', 'private'];
  return ['--pdeathsig', 'KILL', requireProgram('unshare'), ...namespaces, init];
}

async function firstProcess(shell: ChildProcess): Promise<number> {
  const children = `/proc/${shell.pid}/task/${shell.pid}/children`;
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline && shell.exitCode === null) {
    const [first = ''] = quietly(() => readFileSync(children, 'utf8').trim().split(' ')) ?? [];
    if (first !== '' && quietly(() => path.basename(readlinkSync(`/proc/${first}/exe`))) === 'pause')
      return Number(first);
    await delay(10);
  }
  throw new Error('this machine cannot make namespaces for another one');
}

/** Mounts what the machine needs to be on its own. */
async function furnish(folder: string, programs: string, run: Machine['run']): Promise<void> {
  // Volumes may be mounted into containers and out of them, as on a machine that systemd started.
  await run('mount', '--make-rshared', '/');
  await run('mount', '-t', 'proc', 'proc', '/proc');
  for (const name of ['bin', 'logs', 'kernel', 'memory']) mkdirSync(path.join(folder, name));
  await run('mount', '--bind', programs, path.join(folder, 'bin'));
  await run('mount', '-t', 'tmpfs', 'tmpfs', path.join(folder, 'memory'));
  for (const place of shadowed) {
    // In memory, because the folder itself may lie on layers, as in a container, and layers cannot be written twice.
    const [upper, work] = ['upper', 'work'].map((name) => path.join(folder, 'memory', 'shadow', place, name));
    await run('mkdir', '-p', `${upper}`, `${work}`);
    const options = `lowerdir=${place},upperdir=${upper},workdir=${work}`;
    await run('mount', '-t', 'overlay', 'overlay', '-o', options, place);
  }
  for (const [setting, value] of Object.entries(kernelSettings)) {
    if (!existsSync(path.join('/proc/sys', setting))) continue;
    const file = path.join(folder, 'kernel', path.basename(setting));
    writeFileSync(file, `${value}\n`);
    await run('mount', '--bind', file, path.join('/proc/sys', setting));
  }
}

/** Nothing of this process's: no proxies, no credentials, no cluster. */
function environment(folder: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder };
}

function startDaemon(folder: string, name: string, args: readonly string[]): Daemon {
  const log = path.join(folder, 'logs', `${name}.log`);
  const file = openSync(log, 'a');
  // Entering a process namespace takes a parent outside: both stand in one process group.
  const child = spawn(requireProgram('nsenter'), args, {
    stdio: ['ignore', file, file],
    env: environment(folder),
    detached: true,
  });
  closeSync(file);
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('close', () => {
      resolve();
    });
  });
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const ending = (): string => `${name} ended with ${child.exitCode ?? child.signalCode ?? 'an error'}`;
  const lastWords = (): string => readFileSync(log, 'utf8').slice(-2000);
  return {
    name,
    lastWords,
    problem: () => (hasEnded() ? `${ending()}:\n${lastWords()}` : undefined),
    kill: async () => {
      if (child.pid !== undefined && !hasEnded()) signalQuietly(-child.pid, 'SIGKILL');
      await closed;
    },
  };
}

/** The kernel ends all processes of a process namespace before its first one, whatever they do. */
function endAll(shell: ChildProcess, first: number | undefined): void {
  if (shell.pid !== undefined) signalQuietly(-shell.pid, 'SIGKILL');
  const deadline = performance.now() + 10_000;
  while (first !== undefined && isRunning(first) && performance.now() < deadline) sleep(20);
}

/** Whether a process is more than a number that its parent has yet to ask for. */
function isRunning(pid: number): boolean {
  const text = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text !== undefined && !text.slice(text.lastIndexOf(')')).startsWith(') Z');
}

function removeWhatIsLeft(folder: string): void {
  const group = path.basename(folder);
  // The kernel counts processes a moment longer than they run.
  for (let tries = 0; tries < 50 && groupsNamed(group).length > 0; tries++) {
    removeGroups(group);
    if (groupsNamed(group).length > 0) sleep(20);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Takes away what is left of machines whose process was killed. */
function removeOrphans(): void {
  for (const name of readdirSync(parent).filter((one) => one.startsWith(prefix))) {
    const owner = Number(name.slice(prefix.length).split('-')[0]);
    if (!isAlive(owner)) removeWhatIsLeft(path.join(parent, name));
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
