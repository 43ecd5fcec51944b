import { fork } from 'node:child_process';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { ClusterStore } from '../../../src/editor/explorer/clusterStore';
import { kubernetesTargets } from '../../../src/targets/kubernetes';
import { clusterTreeMaker } from '../../../src/tree/cluster/clusterTree';
import { untranslated, type TreeNode } from '../../../src/tree/node';
import { TreeState } from '../../../src/tree/treeState';

export type Task =
  | { readonly kind: 'open'; readonly kubeconfig: string }
  | { readonly kind: 'churn'; readonly kubeconfig: string; readonly seconds: number; readonly perSecond: number };

export interface Measured {
  /** From opening the cluster until its first nodes can be drawn. */
  readonly firstPaintMs: number;
  readonly allNodesMs: number;
  readonly nodePodsMs: number;
  /** Above that before anything was opened, after a collection. */
  readonly heapBytes: number;
  readonly longestBlockMs: number;
  readonly draws: number;
  readonly eventsPerSecond: number;
}

const drawMs = 250;

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
    const nodes = this.#draw(this.store.clusters, (id) => this.store.below(id));
    this.#state.update(nodes);
    return nodes;
  }

  async until(isDone: () => boolean): Promise<number> {
    const start = performance.now();
    while (!isDone()) await delay(2);
    return performance.now() - start;
  }
}

async function run(task: Task): Promise<Measured> {
  const explored = new Explored(task.kubeconfig);
  const { store } = explored;
  const held = store.hold();
  await store.ready();
  globalThis.gc?.();
  const idle = process.memoryUsage().heapUsed;
  const blocks = monitorEventLoopDelay({ resolution: 5 });
  blocks.enable();
  const [cluster] = store.clusters;
  if (cluster === undefined) throw new Error('There is no cluster.');
  const start = performance.now();
  await store.load(cluster.id);
  const nodesId = `${cluster.id}/nodes`;
  await store.load(nodesId);
  await explored.until(() => (store.below(nodesId)?.value?.rows.length ?? 0) > 0);
  explored.nodes();
  const firstPaintMs = performance.now() - start;
  await explored.until(() => store.below(nodesId)?.value?.complete === true);
  explored.nodes();
  const allNodesMs = performance.now() - start;
  const row = store.below(nodesId)?.value?.rows.find(({ name }) => name === 'fake-00001');
  const nodeId = `${nodesId}/${row?.id ?? ''}`;
  const opening = performance.now();
  await store.load(nodeId);
  await explored.until(() => store.below(nodeId)?.value?.complete === true);
  explored.nodes();
  const nodePodsMs = performance.now() - opening;
  const churned = task.kind === 'churn' ? await churn(task, explored, blocks) : undefined;
  globalThis.gc?.();
  const heapBytes = process.memoryUsage().heapUsed - idle;
  held.dispose();
  const longestBlockMs = blocks.max / 1e6;
  return {
    firstPaintMs,
    allNodesMs,
    nodePodsMs,
    heapBytes,
    longestBlockMs,
    draws: explored.draws,
    eventsPerSecond: churned ?? 0,
  };
}

/** Nodes change all the time. @returns changes a second that were really made */
async function churn(
  task: Extract<Task, { kind: 'churn' }>,
  explored: Explored,
  blocks: ReturnType<typeof monitorEventLoopDelay>,
): Promise<number> {
  const child = fork(path.join(import.meta.dirname, 'churn.ts'), [JSON.stringify(task)], {
    execArgv: process.execArgv,
  });
  const made = new Promise<number>((resolve) =>
    child.once('message', (count) => {
      resolve(Number(count));
    }),
  );
  await delay(2000);
  blocks.reset();
  explored.draws = 0;
  return (await made) / task.seconds;
}

process.send?.(await run(JSON.parse(process.argv[2] ?? '{}') as Task));
process.exit(0);
