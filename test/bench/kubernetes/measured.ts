import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterRow } from '../../../src/core/cluster';
import { ClusterStore } from '../../../src/editor/explorer/clusterStore';
import { kubernetesTargets } from '../../../src/targets/kubernetes';
import { clusterTreeMaker } from '../../../src/tree/cluster/clusterTree';
import { untranslated, type TreeNode } from '../../../src/tree/node';
import { pageSize } from '../../../src/tree/pages';
import { TreeState } from '../../../src/tree/treeState';
import type { AmplifierNews, AmplifierTask } from './amplifier';
import { Blocks, type Longest } from './blocks';
import type { ChurnTask } from './churn';

export type Task =
  | { readonly kind: 'open'; readonly kubeconfig: string }
  | ({ readonly kind: 'churn' } & ChurnTask)
  | ({ readonly kind: 'amplify' } & AmplifierTask);

export interface Measured {
  /** From opening the cluster until its first nodes can be drawn. */
  readonly firstPaintMs: number;
  readonly allNodesMs: number;
  readonly nodePodsMs: number;
  /** Above that before anything was opened, after a collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly longestBlock: Longest;
  readonly draws: number;
  readonly eventsPerSecond: number;
  /** From the last of many changes until all of them are drawn. */
  readonly caughtUpMs: number;
}

/** What came of many changes. */
type Changed = Pick<Measured, 'eventsPerSecond' | 'caughtUpMs'>;

const drawMs = 250;

/** What an extension host has loaded before any extension. */
const loadedBefore = ['node:http', 'node:https', 'node:tls', 'node:zlib'];

/** The tree of the Clusters view without the editor: all that runs in the extension host but VS Code's own drawing. */
class Explored {
  readonly store: ClusterStore;
  readonly #draw = clusterTreeMaker(untranslated);
  readonly #state = new TreeState();
  #dirty = true;
  draws = 0;

  constructor(kubeconfig: string) {
    const context = { home: '', resources: '', program: 'bench', kubeconfig };
    this.store = new ClusterStore({ discover: (signal) => kubernetesTargets.clusters(context, signal) });
    this.store.onChange(() => {
      this.#dirty = true;
    });
    const timer = setInterval(() => {
      if (this.#dirty) this.nodes();
    }, drawMs);
    timer.unref();
  }

  nodes(): readonly TreeNode[] {
    this.#dirty = false;
    this.draws++;
    const nodes = this.#draw(
      this.store.clusters,
      (id) => this.store.below(id),
      () => ({ limit: pageSize, found: new Set() }),
    );
    this.#state.update(nodes);
    return nodes;
  }

  rows(id: string): readonly ClusterRow[] {
    return this.store.below(id)?.value?.rows ?? [];
  }

  async until(isDone: () => boolean): Promise<number> {
    const start = performance.now();
    while (!isDone()) await delay(2);
    return performance.now() - start;
  }
}

async function run(task: Task): Promise<Measured> {
  await Promise.all(loadedBefore.map((name) => import(name)));
  const amplifier = task.kind === 'amplify' ? await startAmplifier(task) : undefined;
  const explored = new Explored(amplifier?.kubeconfig ?? task.kubeconfig);
  const { store } = explored;
  const held = store.hold();
  await store.ready();
  globalThis.gc?.();
  const idle = process.memoryUsage();
  const blocks = new Blocks();
  const { nodesId, ...opened } = await openNodes(explored);
  const whileOpening = blocks.longest;
  const changed = await change(task, amplifier?.process, explored, nodesId, blocks);
  const longestBlock = task.kind === 'open' ? whileOpening : blocks.longest;
  globalThis.gc?.();
  const now = process.memoryUsage();
  held.dispose();
  return {
    ...opened,
    ...changed,
    heapBytes: now.heapUsed - idle.heapUsed,
    residentBytes: now.rss - idle.rss,
    longestBlock,
    draws: explored.draws,
  };
}

/** Opens the cluster, its nodes, and one of them. */
async function openNodes(explored: Explored) {
  const { store } = explored;
  const [cluster] = store.clusters;
  if (cluster === undefined) throw new Error('There is no cluster.');
  const start = performance.now();
  await store.load(cluster.id);
  const nodesId = `${cluster.id}/nodes`;
  await store.load(nodesId);
  await explored.until(() => explored.rows(nodesId).length > 0);
  explored.nodes();
  const firstPaintMs = performance.now() - start;
  await explored.until(() => store.below(nodesId)?.value?.complete === true);
  explored.nodes();
  const allNodesMs = performance.now() - start;
  const row = explored.rows(nodesId).find(({ name }) => name === 'fake-00001');
  const nodeId = `${nodesId}/${row?.id ?? ''}`;
  const opening = performance.now();
  await store.load(nodeId);
  await explored.until(() => store.below(nodeId)?.value?.complete === true);
  explored.nodes();
  return { nodesId, firstPaintMs, allNodesMs, nodePodsMs: performance.now() - opening };
}

async function change(
  task: Task,
  amplifier: ChildProcess | undefined,
  explored: Explored,
  nodesId: string,
  blocks: Blocks,
): Promise<Changed> {
  if (task.kind === 'open') return { eventsPerSecond: 0, caughtUpMs: 0 };
  await delay(2000);
  blocks.reset();
  explored.draws = 0;
  if (amplifier === undefined)
    return task.kind === 'churn'
      ? { eventsPerSecond: await churn(task), caughtUpMs: 0 }
      : { eventsPerSecond: 0, caughtUpMs: 0 };
  amplifier.send('start');
  const news = await nextNews(amplifier);
  const isCordoned = (row: ClusterRow): boolean => row.kind !== 'node' || row.cordoned;
  const caughtUpMs = await explored.until(() => explored.rows(nodesId).every(isCordoned));
  return { eventsPerSecond: 'sent' in news ? news.sent / task.seconds : 0, caughtUpMs };
}

async function startAmplifier(task: AmplifierTask) {
  const child = fork(path.join(import.meta.dirname, 'amplifier.js'), [JSON.stringify(task)]);
  const news = await nextNews(child);
  const server = `http://127.0.0.1:${'port' in news ? news.port : 0}`;
  const kubeconfig = `${task.kubeconfig}.amplified`;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'amplified', cluster: { server } }],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'amplified', context: { cluster: 'amplified', user: 'nobody' } }],
      'current-context': 'amplified',
    }),
  );
  return { process: child, kubeconfig };
}

function nextNews(child: ChildProcess): Promise<AmplifierNews> {
  return new Promise((resolve, reject) => {
    child.once('message', (news) => {
      resolve(news as AmplifierNews);
    });
    child.once('exit', () => {
      reject(new Error('The amplifier ended.'));
    });
  });
}

/** Nodes change all the time, as often as the server makes it. @returns changes a second */
async function churn(task: ChurnTask): Promise<number> {
  const child = fork(path.join(import.meta.dirname, 'churn.js'), [JSON.stringify(task)]);
  const made = await new Promise<number>((resolve) =>
    child.once('message', (count) => {
      resolve(Number(count));
    }),
  );
  return made / task.seconds;
}

process.send?.(await run(JSON.parse(process.argv[2] ?? '{}') as Task));
process.exit(0);
