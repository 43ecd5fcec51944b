import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  clientFor,
  resourcePath,
  resources,
  watchList,
  type KubeContext,
  type Watched,
} from '../../src/clients/kubernetes';
import { loadKubeconfig } from '../../src/clients/kubernetes/kubeconfigFiles';
import { eventually } from '../support/eventually';
import { openNetwork, type Network } from '../support/network';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';

describe('A watched list', () => {
  let cluster: TestCluster;
  let network: Network;
  let context: KubeContext;

  before(async () => {
    cluster = await startCluster({ programs });
    network = await openNetwork(cluster.server);
    const [read] = (await loadKubeconfig([cluster.kubeconfig])).contexts;
    assert.ok(read !== undefined);
    context = network.through(read);
  });
  after(async () => {
    network.close();
    await cluster.stop();
  });

  it('follows changes, and goes on after its connections were cut, again and again', async () => {
    await using list = follow(context);
    await list.shows('default');
    for (const name of ['one', 'two', 'three']) {
      network.cut();
      await cluster.kubectl('create', 'namespace', name);
      await list.shows(name);
    }
    assert.ok(network.opened < 40, `${network.opened} connections`);
  });

  it('notices within ten seconds that the network swallows everything, and heals when another way is open', async () => {
    await using list = follow(context);
    await list.shows('default');
    network.freeze();
    await eventually('it is marked old', 10, () => list.last?.stale !== undefined);
    await cluster.kubectl('create', 'namespace', 'frozen');
    await list.shows('frozen');
    assert.equal(list.last?.stale, undefined);
  });

  it('is old while the server is away, and right again within ten seconds', async () => {
    await using list = follow(context);
    await list.shows('default');
    await cluster.restartApiserver(async () => {
      await eventually('it is marked old', 10, () => list.last?.stale !== undefined);
    });
    await eventually('it is not old any more', 10, () => list.last?.stale === undefined);
    await cluster.kubectl('create', 'namespace', 'afterwards');
    await list.shows('afterwards');
  });

  it('drops what was deleted while nobody could be asked', async () => {
    await using list = follow(context);
    await list.shows('default');
    await cluster.kubectl('create', 'namespace', 'short');
    await list.shows('short');
    network.refuse(true);
    network.cut();
    await cluster.kubectl('delete', 'namespace', 'short');
    network.refuse(false);
    await eventually('it is gone', 15, () => !list.names().includes('short'));
  });

  it('leaves no connection behind', async () => {
    await eventually('only idle connections are left', 15, () => network.open <= 2);
  });
});

/** The namespaces, watched until disposed. */
function follow(context: KubeContext) {
  const stop = new AbortController();
  const list = { what: 'list namespaces', path: resourcePath(resources.namespaces) };
  const state: { last: Watched<string> | undefined; names: readonly string[] } = { last: undefined, names: [] };
  const run = (async () => {
    for await (const value of watchList(clientFor(context), list, ({ metadata }) => metadata.name, stop.signal)) {
      state.last = value;
      state.names = [...value.items.values()];
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    get last() {
      return state.last;
    },
    names: () => state.names,
    shows: (name: string) => eventually(`${name} is shown`, 10, () => state.names.includes(name)),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await run;
    },
  };
}
