import { execFileSync, fork } from 'node:child_process';
import { loadavg } from 'node:os';
import path from 'node:path';
import { kubernetesBinaries } from '../../testbed/kubernetes/binaries';
import { startCluster, type TestCluster } from '../../testbed/kubernetes/cluster';
import { addFakes, startKwok } from '../../testbed/kubernetes/kwok';
import { eventually } from '../../support/eventually';
import { median, seconds, table, times } from '../local/figures';
import type { Measured, Task } from './measured';

const rounds = 5;
const churnSeconds = 60;
const churnPerSecond = 1000;

/** Fills a cluster with fake nodes and pods, then measures the explorer in a process of its own, and kubectl. */
export async function explorerAtScale(size: { readonly nodes: number; readonly pods: number }): Promise<void> {
  const programs = await kubernetesBinaries('cluster', console.log);
  const scale = await kubernetesBinaries('scale', console.log);
  const cluster = await startCluster({ programs, isLarge: true });
  try {
    startKwok(cluster, scale);
    console.log(await addFakes(cluster, scale, { ...size, isBound: true }));
    await settled(cluster, size.pods);
    const opened: Measured[] = [];
    for (let round = 0; round < rounds; round++)
      opened.push(await inOwnProcess({ kind: 'open', kubeconfig: cluster.kubeconfig }));
    const kubectl = peer(programs, cluster);
    const churned = await inOwnProcess({
      kind: 'churn',
      kubeconfig: cluster.kubeconfig,
      seconds: churnSeconds,
      perSecond: churnPerSecond,
    });
    print(size, opened, kubectl, churned);
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

/** In a new process, so that memory is its own and nothing is warm. */
function inOwnProcess(task: Task): Promise<Measured> {
  const child = fork(path.join(import.meta.dirname, 'measured.ts'), [JSON.stringify(task)], {
    execArgv: [...process.execArgv, '--expose-gc'],
  });
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

interface Peer {
  readonly nodesMs: number;
  readonly podsOfNodeMs: number;
  readonly allPodsMs: number;
}

function peer(programs: string, cluster: TestCluster): Peer {
  const time = (...words: readonly string[]): number => {
    const all = Array.from({ length: rounds }, () => {
      const start = performance.now();
      execFileSync(path.join(programs, 'kubectl'), [`--kubeconfig=${cluster.kubeconfig}`, ...words], {
        maxBuffer: 2 ** 30,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return performance.now() - start;
    });
    return median(all);
  };
  return {
    nodesMs: time('get', 'nodes'),
    podsOfNodeMs: time('get', 'pods', '-A', '--field-selector=spec.nodeName=fake-00001'),
    allPodsMs: time('get', 'pods', '-A'),
  };
}

function print(
  size: { readonly nodes: number; readonly pods: number },
  opened: readonly Measured[],
  kubectl: Peer,
  churned: Measured,
): void {
  const of = (pick: (one: Measured) => number): number => median(opened.map(pick));
  const ratio = (ms: number, other: number): string => times(other / ms);
  const [paint, all, pods] = [of((one) => one.firstPaintMs), of((one) => one.allNodesMs), of((one) => one.nodePodsMs)];
  console.log(`${size.nodes} nodes, ${size.pods} pods; medians of ${rounds}; load ${loadavg()[0]?.toFixed(1) ?? ''}`);
  console.log(
    table([
      ['what', 'explorer', 'kubectl', 'times as fast'],
      ['cluster opened, first nodes', seconds(paint), seconds(kubectl.nodesMs), ratio(paint, kubectl.nodesMs)],
      ['cluster opened, all nodes', seconds(all), seconds(kubectl.nodesMs), ratio(all, kubectl.nodesMs)],
      ['the pods of a node', seconds(pods), seconds(kubectl.podsOfNodeMs), ratio(pods, kubectl.podsOfNodeMs)],
      ['all pods', 'never asked for', seconds(kubectl.allPodsMs), ''],
    ]),
  );
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log(`memory above idle, all nodes and one node's pods shown: ${mib(of((one) => one.heapBytes))} of heap`);
  console.log(`longest block of the event loop while opening: ${of((one) => one.longestBlockMs).toFixed(0)} ms`);
  console.log(
    `under ${churned.eventsPerSecond.toFixed(0)} events a second for ${churnSeconds} s: longest block ${churned.longestBlockMs.toFixed(0)} ms, ` +
      `${churned.draws} redraws, heap ${mib(churned.heapBytes)} above idle`,
  );
}
