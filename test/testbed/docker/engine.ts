import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcessesNaming, onExit, signalQuietly } from '../cleanup';
import { removeGroups } from '../controlGroups';
import { runTool } from '../runTool';
import { makeNamespace, type NetworkNamespace } from './namespace';
import { unmountBelow } from './unmount';
import { findProgram, requireProgram } from '../program';

/** A Docker engine of its own: socket, data and network. */
export interface TestEngine {
  /** Path of its Unix socket. */
  readonly socket: string;
  readonly network: NetworkNamespace;
  /** Runs `docker` against it. @throws Error with what it wrote */
  docker(...args: string[]): Promise<string>;
  /** The address under which containers and the engine reach a registry that listens on a port of 127.0.0.1. */
  reach(port: number): Promise<string>;
  stop(): Promise<void>;
}

/** Not /tmp, which may lie in memory or on a file system that layers cannot be put on. */
const parent = '/var/tmp';
const startMs = 60_000;
const programs = ['dockerd', 'docker', 'docker-registry', 'ip', 'nsenter', 'iptables', 'debootstrap'];

/** Why this machine cannot start an engine; undefined when it can. */
export function engineProblem(): string | undefined {
  if (process.platform !== 'linux') return 'container images run on Linux';
  if (process.getuid?.() !== 0) return 'starting a Docker engine needs root';
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed (on Debian: apt install docker.io docker-registry debootstrap iptables iproute2)`;
}

/**
 * Starts an engine. Nothing of it is left when this process ends, however it ends.
 * @param registryPorts registries of this machine without encryption: BuildKit of older engines goes by addresses only, not by networks
 * @param hosts further such registries, `ADDRESS:PORT`
 */
export async function startEngine(
  registryPorts: readonly number[] = [],
  hosts: readonly string[] = [],
): Promise<TestEngine> {
  const folder = mkdtempSync(path.join(parent, 'slw-engine-'));
  const network = makeNamespace();
  const addresses = [...registryPorts.map((port) => `${network.hostAddress}:${port}`), ...hosts];
  const registries = addresses.flatMap((address) => ['--insecure-registry', `http://${address}`]);
  const socket = `unix://${folder}/docker.sock`;
  const group = `/${path.basename(folder)}`;
  const [command = '', ...words] = network.enter;
  const options = [
    ...['-H', socket, '--pidfile', `${folder}/dockerd.pid`, '--data-root', `${folder}/data`],
    ...[
      '--exec-root',
      `${folder}/exec`,
      '--bip',
      '198.19.0.1/16',
      '--insecure-registry',
      '198.18.0.0/16',
      ...registries,
    ],
    ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', group],
  ];
  const child = spawn(command, [...words, requireProgram('dockerd'), ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-20_000);
  });
  const clean = (): void => {
    if (child.pid !== undefined) signalQuietly(-child.pid, 'SIGKILL');
    endProcessesNaming(folder);
    removeGroups(group);
    unmountBelow(folder);
    network.remove();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const forget = onExit(clean);
  const docker = (...args: string[]): Promise<string> => runTool(requireProgram('docker'), ['-H', socket, ...args]);
  const stop = async (): Promise<void> => {
    await docker('ps', '-aq').then(
      (ids) => (ids.trim() === '' ? '' : docker('rm', '-f', '-v', ...ids.trim().split('\n'))),
      () => undefined,
    );
    await endGently(child);
    forget();
    clean();
  };
  try {
    await waitFor(
      child,
      () => docker('version'),
      () => log,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const reach = async (port: number): Promise<string> => {
    await network.forward(port);
    return `${network.hostAddress}:${port}`;
  };
  return { socket: `${folder}/docker.sock`, network, docker, reach, stop };
}

async function waitFor(child: ChildProcess, ask: () => Promise<unknown>, log: () => string): Promise<void> {
  const deadline = performance.now() + startMs;
  for (;;) {
    const isUp = await ask().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}:\n${log().slice(-2000)}`);
    if (performance.now() > deadline) throw new Error(`dockerd did not answer in time:\n${log().slice(-2000)}`);
    await delay(100);
  }
}

/** An engine that is told to end takes its containerd and its mounts with it. */
async function endGently(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await Promise.race([closed, delay(20_000, undefined, { ref: false })]);
}
