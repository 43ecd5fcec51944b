import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientFor, resourcePath, resources, watchList, type KubeContext } from '../../src/clients/kubernetes';
import { openExec } from '../../src/clients/kubernetes/exec';
import { loadKubeconfig } from '../../src/clients/kubernetes/kubeconfigFiles';
import { listenForPods } from '../../src/clients/kubernetes/portForward';
import { startForwardProxy, type ForwardProxy } from '../support/forwardProxy';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';

describe('A cluster behind a proxy', () => {
  let cluster: TestCluster;
  let proxy: ForwardProxy;
  const saved = { ...process.env };

  before(async () => {
    cluster = await startCluster({ programs: process.env['SLIPWAY_TEST_KUBERNETES'] ?? '' });
    proxy = await startForwardProxy();
    const image = await pushBase(cluster.registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    const server = ['--', 'python3', '-u', '-m', 'http.server', '8080'];
    await cluster.kubectl('run', 'web', `--image=${image}`, '--command', ...server);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s');
  });
  after(async () => {
    process.env = saved;
    await proxy.stop();
    await cluster.stop();
  });

  const read = async (chosen: string): Promise<KubeContext> => {
    const [context] = (await loadKubeconfig([cluster.kubeconfig], chosen)).contexts;
    assert.ok(context !== undefined);
    return context;
  };
  /** Lists, watches, runs a command and forwards a port; how many tunnels that took. */
  const use = async (context: KubeContext): Promise<number> => {
    const before = proxy.tunnels.length;
    const client = clientFor(context);
    const stop = new AbortController();
    const list = { what: 'list pods', path: resourcePath(resources.pods, 'default') };
    for await (const { items, complete } of watchList(client, list, ({ metadata }) => metadata.name, stop.signal)) {
      if (!complete) continue;
      assert.deepEqual([...items.values()], ['web']);
      break;
    }
    let output = '';
    const where = { namespace: 'default', pod: 'web', container: 'web' };
    const session = await openExec(client, { ...where, command: ['echo', 'hello'] }, (text) => (output += text));
    assert.equal(await session.exit, 0);
    assert.match(output, /hello/);
    const port = await listenForPods(client, () => Promise.resolve({ ...where, port: 8080 }));
    try {
      const answer = await fetch(port.url).catch((error: unknown) => {
        throw new Error(`no answer through the forward: ${String(port.lastFailure())}`, { cause: error });
      });
      assert.equal(answer.status, 200);
    } finally {
      await port.close();
    }
    client.dispose();
    return proxy.tunnels.length - before;
  };

  it('is reached through the one that its kubeconfig names', async () => {
    const context = await read('');
    const proxyUrl = `http://127.0.0.1:${proxy.port}`;
    assert.ok((await use({ ...context, cluster: { ...context.cluster, proxyUrl } })) >= 3);
    assert.ok(proxy.tunnels.every((tunnel) => cluster.server.endsWith(tunnel)));
  });

  it('is reached through the one that the editor is set to', async () => {
    assert.ok((await use(await read(`http://127.0.0.1:${proxy.port}`))) >= 3);
  });

  it('is reached through the one of the environment, unless NO_PROXY names its network', async () => {
    process.env['HTTPS_PROXY'] = `http://127.0.0.1:${proxy.port}`;
    const context = await read('');
    // Another name, since a client keeps its way.
    assert.ok((await use({ ...context, name: 'proxied' })) >= 3);
    process.env['NO_PROXY'] = `${new URL(cluster.server).hostname}/30`;
    assert.equal(await use({ ...context, name: 'direct' }), 0);
  });
});
