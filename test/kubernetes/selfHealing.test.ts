import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { startLoad, type Load } from '../support/load';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { leftoversOf } from '../testbed/kubernetes/leftovers';
import { story } from '../ui/support/story';
import { collapse, expand, picture, row } from '../ui/support/window';
import { showClusters } from './clustersView';
import { openDeployBench, type DeployBench } from './deployBench';

const body = JSON.stringify({ inputs: [1, 2.5] });
const namespace = 'models';
/** So long the clients of the load wait for an answer. */
const clientMs = 5000;
const model = (state: string): RegExp => new RegExp(`^models/shop, release 1 · ${state}`);

describe('A model on several nodes, in the workbench', () => {
  let bench: DeployBench;
  let workspace: Workspace;
  let url: string;
  let load: Load | undefined;
  const startClients = (): Load => (load = startLoad(url, body, { limitMs: clientMs }));
  before(async () => {
    bench = await openDeployBench({ kubelets: 3, metrics: true });
    workspace = await openWorkspace(await bench.namespace(namespace));
    const files = plainProject([], { 'slipway.yaml': 'resources:\n  cpu: 100m\n' });
    await workspace.deploy({ path: await workspace.writeProject('shop', files), replicas: 3 });
    url = `${await bench.reach(namespace, 'shop')}/invocations`;
  });
  after(async () => {
    const machines = bench.cluster.nodes.flatMap(({ machine }) => machine ?? []);
    // A step that failed did not end its clients.
    await load?.stop();
    await workspace.close();
    await bench.cluster.stop();
    assert.deepEqual(machines.flatMap(leftoversOf), []);
  });

  const options = {
    prepare: (projects: string) => Promise.resolve(projects),
    env: () => ({ KUBECONFIG: bench.cluster.kubeconfig }),
  };

  story('a cluster of three nodes', options, (step) => {
    step('shows the model, and its pods on the nodes', async ({ page }) => {
      await showClusters(page);
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Deployed Models/);
      await expand(page, model('3 of 3 ready'));
      assert.deepEqual((await podsOf(bench)).map(({ node }) => node).sort(), ['node-1', 'node-2', 'node-3']);
      await expand(page, /^Nodes/);
      for (const name of ['node-1', 'node-2', 'node-3']) await row(page, new RegExp(`^${name}, CPU`)).waitFor();
    });

    step(
      'replaces the pods of a node that loses its power',
      async ({ page }) => {
        const node = nodeOf(bench, 'node-2');
        const clients = startClients();
        await clients.answers(20);
        await node.losePower();
        const since = stopwatch();
        await row(page, /^node-2, Not ready/).waitFor();
        const notReady = since();
        await row(page, /^shop-.*, NotReady · 1\/1.*its node is not heard of/).waitFor();
        await row(page, model('2 of 3 ready')).waitFor();
        await row(page, /^shop-.*, Terminating · 1\/1.*Taint manager/).waitFor({ timeout: 90_000 });
        const evicted = since();
        await expand(page, /^node-2/);
        await picture(page, 'lost-node');
        await row(page, model('3 of 3 ready')).waitFor({ timeout: 60_000 });
        const replaced = since();
        const { share } = await tellFailures(clients, since);
        tell(`node-2 not ready after ${notReady} s, its pod evicted after ${evicted} s, replaced after ${replaced} s`);
        // The endpoints leave with the node; what was sent to it before fails when its client gives up.
        assert.ok(share < 0.01, `${share} of the requests failed`);
        assert.ok(evicted < 60, `evicted after ${evicted} s, not 30 s after the node was not ready`);
        await node.start();
        await row(page, /^node-2, CPU/).waitFor();
        await row(page, /^shop-.*, Terminating/).waitFor({ state: 'detached', timeout: 60_000 });
        await collapse(page, /^node-2/);
      },
      300,
    );

    step('keeps the pods of a node whose kubelet is killed and comes back', async ({ page }) => {
      const node = nodeOf(bench, 'node-3');
      const before = await podsOf(bench);
      const clients = startClients();
      await clients.answers(20);
      await node.killKubelet();
      const since = stopwatch();
      await row(page, /^node-3, Not ready/).waitFor();
      await row(page, /^shop-.*, NotReady · 1\/1.*its node is not heard of/).waitFor();
      node.startKubelet();
      await row(page, /^node-3, CPU/).waitFor();
      await row(page, model('3 of 3 ready')).waitFor();
      const { share } = await tellFailures(clients, since);
      assert.ok(share < 0.01, `${share} of the requests failed`);
      assert.deepEqual(await podsOf(bench), before);
    });

    step(
      'moves pods off a node whose disk is full',
      async ({ page }) => {
        const node = nodeOf(bench, 'node-3');
        await node.killKubelet();
        // As if there were less: no disk is filled.
        node.startKubelet({ 'nodefs.available': '99%' });
        await row(page, /^node-3, DiskPressure · CPU/).waitFor();
        await row(page, /^shop-.*, Evicted · 0\/1 · .*(DiskPressure|low on resource)/).waitFor({ timeout: 90_000 });
        await row(page, model('3 of 3 ready')).waitFor({ timeout: 60_000 });
        await node.killKubelet();
        node.startKubelet();
        await row(page, /^node-3, CPU/).waitFor();
        await bench.cluster.kubectl('delete', 'pods', '-n', namespace, '--field-selector=status.phase=Failed');
      },
      240,
    );
  });
});

function nodeOf({ cluster }: DeployBench, name: string): DeployBench['cluster']['nodes'][number] {
  const found = cluster.nodes.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

interface PodFacts {
  readonly name: string;
  readonly node: string;
  readonly restarts: number;
}

async function podsOf({ cluster }: DeployBench): Promise<readonly PodFacts[]> {
  const { items } = JSON.parse(await cluster.kubectl('get', 'pods', '-n', namespace, '-o=json')) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly nodeName: string };
      readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
    }[];
  };
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName,
    restarts: status.containerStatuses.reduce((sum, one) => sum + one.restartCount, 0),
  }));
}

/** Ends the load and tells what failed, and when the last did. @returns which share of the requests */
async function tellFailures(load: Load, since: (at?: number) => number): Promise<{ readonly share: number }> {
  const { answered, failures, lastFailureAt } = await load.stop();
  const last = lastFailureAt === undefined ? 0 : since(lastFailureAt);
  const sent = answered.fresh + answered.keepAlive + failures.length;
  tell(`${failures.length} of ${sent} requests failed, the last after ${last} s: ${[...new Set(failures)].join('; ')}`);
  return { share: failures.length / sent };
}

/** Seconds since now, to a tenth. */
function stopwatch(): (at?: number) => number {
  const start = performance.now();
  return (at = performance.now()) => Math.round((at - start) / 100) / 10;
}

function tell(line: string): void {
  console.log(line);
}
