import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { kubernetesBinaries } from '../../testbed/kubernetes/binaries';
import { startCluster, type TestCluster } from '../../testbed/kubernetes/cluster';
import { addFakes, startKwok } from '../../testbed/kubernetes/kwok';
import { requireProgram } from '../../testbed/program';
import { eventually } from '../../support/eventually';
import { median, seconds, table, times } from '../local/figures';
import type { Longest } from './blocks';
import { k9sShows, type Timed } from './k9s';
import type { Measured, Task } from './measured';

const rounds = 5;
const churnSeconds = 60;
const amplifiedSeconds = 300;
const changesPerSecond = 1000;

interface Size {
  readonly nodes: number;
  readonly pods: number;
}

/** Fills a cluster with fake nodes and pods, then measures the explorer in a process of its own, and kubectl. */
export async function explorerAtScale(size: Size): Promise<void> {
  const programs = await kubernetesBinaries('cluster', console.log);
  const scale = await kubernetesBinaries('scale', console.log);
  const cluster = await startCluster({ programs, isLarge: true });
  try {
    startKwok(cluster, scale);
    console.log(await addFakes(cluster, scale, { ...size, isBound: true }));
    await settled(cluster, size.pods);
    const program = await bundled(path.join(cluster.folder, 'bench'));
    const opened: Measured[] = [];
    for (let round = 0; round < rounds; round++)
      opened.push(await inOwnProcess(program, { kind: 'open', kubeconfig: cluster.kubeconfig }));
    const kubectl = await peer(programs, cluster);
    print(size, opened, kubectl, await k9s(cluster));
    const changes = { kubeconfig: cluster.kubeconfig, perSecond: changesPerSecond };
    await followed(program, `changes made by the server, as many as it can, for ${churnSeconds} s`, {
      kind: 'churn',
      nodes: size.nodes,
      seconds: churnSeconds,
      ...changes,
    });
    await followed(program, `changes added to what the server tells, for ${amplifiedSeconds} s`, {
      kind: 'amplify',
      seconds: amplifiedSeconds,
      ...changes,
    });
  } finally {
    await cluster.stop();
  }
}

/** KWOK has taken up every pod, or does not come further. */
async function settled(cluster: TestCluster, pods: number): Promise<void> {
  await eventually('the last pod runs', 1200, async () => {
    const name = `p-${String(pods - 1).padStart(5, '0')}`;
    const namespace = `scale-${(pods - 1) % 20}`;
    const phase = await cluster
      .kubectl('-n', namespace, 'get', 'pod', name, '-o=jsonpath={.status.phase}')
      .catch(() => '');
    return phase === 'Running';
  });
}

/**
 * In a new process, so that memory is its own and nothing is warm. It goes before the cluster where both want a core:
 * seldom do a cluster of thousands of nodes and an editor share two.
 */
function inOwnProcess(program: string, task: Task): Promise<Measured> {
  const child = forkFirst(program, [JSON.stringify(task)]);
  return new Promise((resolve, reject) => {
    let measured: Measured | undefined;
    child.on('message', (message) => {
      measured = message as Measured;
    });
    child.once('exit', (code) => {
      if (measured === undefined)
        reject(new Error(`The measuring process ended with ${String(code)} and measured nothing.`));
      else resolve(measured);
    });
  });
}

function forkFirst(program: string, args: readonly string[]): ChildProcess {
  const execArgv = ['-n', '-10', process.execPath, '--expose-gc'];
  return fork(program, args, { execPath: requireProgram('nice'), execArgv });
}

/** Beside it a process that does nothing shows how much of a block is the machine's. */
async function followed(program: string, what: string, task: Task): Promise<void> {
  const idle = forkFirst(path.join(path.dirname(program), 'idle.js'), []);
  const changed = await inOwnProcess(program, task);
  const told = once(idle, 'message');
  idle.send('end');
  const [longest] = (await told) as [Longest];
  printChanges(what, changed);
  console.log(`longest block of a process that did nothing meanwhile: ${blockText(longest)}`);
}

/** Bundled as the extension is: loading sources one by one would be measured otherwise. @returns the measuring program */
async function bundled(folder: string): Promise<string> {
  const { withoutUnused } = (await import(pathToFileURL(path.resolve('esbuild.mjs')).href)) as {
    withoutUnused: Plugin;
  };
  const entryPoints = ['measured.ts', 'churn.ts', 'amplifier.ts', 'idle.ts'].map((name) =>
    path.join(import.meta.dirname, name),
  );
  const banner = { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" };
  await build({
    entryPoints,
    outdir: folder,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    plugins: [withoutUnused],
    banner,
  });
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  return path.join(folder, 'measured.js');
}

interface Peer {
  readonly nodes: Timed;
  readonly podsOfNode: Timed;
  readonly allPods: Timed;
}

async function peer(programs: string, cluster: TestCluster): Promise<Peer> {
  const time = async (...words: readonly string[]): Promise<Timed> => {
    const all: Timed[] = [];
    for (let round = 0; round < rounds; round++)
      all.push(await timed(path.join(programs, 'kubectl'), [`--kubeconfig=${cluster.kubeconfig}`, ...words]));
    return { ms: median(all.map(({ ms }) => ms)), bytes: median(all.map(({ bytes }) => bytes)) };
  };
  return {
    nodes: await time('get', 'nodes'),
    podsOfNode: await time('get', 'pods', '-A', '--field-selector=spec.nodeName=fake-00001'),
    allPods: await time('get', 'pods', '-A'),
  };
}

/** k9s shows one kind at a time, all of it. */
async function k9s(cluster: TestCluster): Promise<Omit<Peer, 'podsOfNode'>> {
  const programs = await kubernetesBinaries('k9s', console.log);
  const time = async (view: readonly string[], name: string): Promise<Timed> => {
    const all: Timed[] = [];
    for (let round = 0; round < rounds; round++) all.push(await k9sShows(programs, cluster, view, name));
    return { ms: median(all.map(({ ms }) => ms)), bytes: median(all.map(({ bytes }) => bytes)) };
  };
  const nodes = await time(['--command=nodes'], 'fake-00001');
  return { nodes, allPods: await time(['--command=pods', '--all-namespaces'], 'p-00') };
}

/** Runs a program and looks again and again how much memory it has. */
async function timed(program: string, words: readonly string[]): Promise<Timed> {
  const start = performance.now();
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  let bytes = 0;
  const look = setInterval(() => {
    const status = readProcess(child.pid ?? 0);
    bytes = Math.max(bytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
  }, 10);
  await once(child, 'exit');
  clearInterval(look);
  return { ms: performance.now() - start, bytes };
}

/** Empty when it ended meanwhile. */
function readProcess(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function print(size: Size, opened: readonly Measured[], kubectl: Peer, other: Omit<Peer, 'podsOfNode'>): void {
  const of = (pick: (one: Measured) => number): number => median(opened.map(pick));
  const peer = (one: Timed | undefined): readonly string[] =>
    one === undefined ? ['', ''] : [seconds(one.ms), mib(one.bytes)];
  const row = (what: string, ms: number, one: Timed, another?: Timed): readonly string[] => [
    ...[what, seconds(ms), ...peer(one), times(one.ms / ms), ...peer(another)],
  ];
  const first = of((one) => one.firstPaintMs);
  const all = of((one) => one.allNodesMs);
  const pods = of((one) => one.nodePodsMs);
  console.log(`${size.nodes} nodes, ${size.pods} pods; medians of ${rounds}; load ${loadavg()[0]?.toFixed(1) ?? ''}`);
  console.log(
    table([
      ['what', 'explorer', 'kubectl', 'its memory', 'times as fast', 'k9s', 'its memory'],
      row('cluster opened, first nodes', first, kubectl.nodes, other.nodes),
      row('cluster opened, all nodes', all, kubectl.nodes, other.nodes),
      row('the pods of a node', pods, kubectl.podsOfNode),
      ['all pods', 'never asked for', ...peer(kubectl.allPods), '', ...peer(other.allPods)],
    ]),
  );
  console.log(
    `memory above idle, all nodes and one node's pods shown: ${mib(of((one) => one.heapBytes))} of heap, ` +
      `${mib(of((one) => one.residentBytes))} of the process`,
  );
  const wallMs = of((one) => one.longestBlock.wallMs);
  const ownMs = of((one) => one.longestBlock.ownMs);
  console.log(`longest block of the event loop while opening: ${blockText({ wallMs, ownMs })}`);
}

function printChanges(what: string, changed: Measured): void {
  console.log(
    `${changed.eventsPerSecond.toFixed(0)} ${what}: longest block ${blockText(changed.longestBlock)}, ` +
      `${changed.draws} redraws, heap ${mib(changed.heapBytes)} above idle, ` +
      `all drawn ${seconds(changed.caughtUpMs)} after the last`,
  );
}

function blockText({ wallMs, ownMs }: Longest): string {
  return `${wallMs.toFixed(0)} ms by the clock, ${ownMs.toFixed(0)} ms of them its own`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
