import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  clientFor,
  resourcePath,
  resources,
  watchList,
  type KubeContext,
  type Watched,
} from '../../src/clients/kubernetes';
import { KubeClient } from '../../src/clients/kubernetes/client';
import type { KubeCluster, KubeUser } from '../../src/clients/kubernetes/kubeconfig';
import { loadKubeconfig } from '../../src/clients/kubernetes/kubeconfigFiles';
import { ClusterStore } from '../../src/editor/explorer/clusterStore';
import { watchKubeconfig } from '../../src/editor/explorer/watchKubeconfig';
import type { Services } from '../../src/pipeline/services';
import { kubernetesTargets } from '../../src/targets/kubernetes';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { openNetwork, type Network } from '../support/network';
import { authority, clientCertificate, serverCertificate } from './certificates';
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
    const server = `https://127.0.0.1:${network.port}`;
    context = { ...read, cluster: { ...read.cluster, server, tlsServerName: 'kubernetes' } };
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
    await eventually('it was marked old', 10, () => list.wasOld);
    await cluster.kubectl('create', 'namespace', 'frozen');
    await list.shows('frozen');
    assert.equal(list.last?.stale, undefined);
  });

  it('is right within ten seconds after the machine slept and its connections died meanwhile', async () => {
    const child = fork(path.join(import.meta.dirname, 'follower.ts'));
    try {
      let names: readonly string[] = [];
      child.on('message', (told) => {
        names = told as readonly string[];
      });
      child.send(context);
      await eventually('namespaces are shown', 20, () => names.includes('default'));
      child.kill('SIGSTOP');
      network.freeze();
      await cluster.kubectl('create', 'namespace', 'slept');
      await cluster.kubectl('create', 'namespace', 'woke');
      child.kill('SIGCONT');
      await eventually('what happened meanwhile is shown', 10, () => names.includes('slept') && names.includes('woke'));
    } finally {
      child.kill('SIGKILL');
    }
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

  it('says of a server that cannot be trusted why, and what to do', async () => {
    const otherAuthority = await authority(cluster.folder, 'other');
    const caData = readFileSync(otherAuthority.certificate).toString('base64');
    const trust = (change: Partial<KubeCluster>) => askOnce({ ...context, cluster: { ...context.cluster, ...change } });
    await failure(trust({ caData }), 'KubernetesCertificate', /(self.signed|unable to (get|verify)|issuer)/);
    await failure(trust({ tlsServerName: 'elsewhere.example' }), 'KubernetesCertificate', /elsewhere\.example/);
    const plain = `https://${cluster.registry.host}`;
    await failure(trust({ server: plain }), 'KubernetesCertificate', /does not speak TLS/);
    await failure(
      trust({ server: cluster.server.replace('https', 'http') }),
      'KubernetesInvalid',
      /HTTP request to an HTTPS server/,
    );
    const garbage = Buffer.from('no certificate').toString('base64');
    await failure(
      askOnce({ ...context, user: { ...context.user, certData: garbage } }),
      'CredentialInvalid',
      /cannot be used/,
    );
  });

  it('says that the clock may be wrong where a certificate does not hold yet, or no more', async () => {
    const times = { future: ['20980101000000Z', '20990101000000Z'], past: ['20000101000000Z', '20010101000000Z'] };
    for (const [name, [from = '', until = '']] of Object.entries(times)) {
      const { certificate, key } = await serverCertificate(cluster.folder, name, from, until);
      const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const caData = readFileSync(certificate).toString('base64');
      const ask = askOnce({
        ...context,
        cluster: { name, caData, skipTLSVerify: false, server: `https://127.0.0.1:${port}` },
      });
      await failure(ask, 'KubernetesCertificate', /does not hold at 20\d\d-.*by this machine’s clock/);
      server.close();
    }
  });

  it('says of credentials that are refused what is known', async () => {
    const own = {
      certificate: path.join(cluster.folder, 'certificates/ca.crt'),
      key: path.join(cluster.folder, 'certificates/ca.key'),
    };
    const as = (user: KubeUser) => askOnce({ ...context, user });
    const old = await clientCertificate(cluster.folder, 'old', own, -1);
    await failure(as(old), 'KubernetesUnauthorized', /Your certificate ended on \d{4}-\d\d-\d\d\./);
    const foreign = await clientCertificate(
      cluster.folder,
      'foreign',
      await authority(cluster.folder, 'foreign-ca'),
      1,
    );
    await failure(as(foreign), 'KubernetesUnauthorized', /does not accept the credentials/);
    await failure(as({ name: 'u', token: 'of-nobody' }), 'KubernetesUnauthorized', /does not accept the credentials/);
    const renewed = path.join(cluster.folder, 'token');
    writeFileSync(renewed, 'of-nobody');
    await using list = follow({ ...context, name: 'renewed', user: { name: 'u', tokenFile: renewed } });
    await eventually('it is refused', 10, () => list.last?.stale !== undefined);
    writeFileSync(renewed, /token: (\S+)/.exec(readFileSync(cluster.user('alice'), 'utf8'))?.[1] ?? '');
    await cluster.kubectl('create', 'clusterrolebinding', 'see', '--clusterrole=view', '--group=dev');
    // One refusal is enough reason to read it again, but not more often than each half minute.
    await eventually('it is right with the new token', 45, () => list.names().includes('default'));
  });

  it('closes what is gone in a view, keeps what is written, and leaves nothing behind', async () => {
    const kubeconfig = path.join(mkdtempSync(path.join(tmpdir(), 'slw-view-')), 'config');
    const whole = readFileSync(cluster.kubeconfig, 'utf8');
    writeFileSync(kubeconfig, whole);
    const resources = (): string =>
      process
        .getActiveResourcesInfo()
        .filter((one) => /Socket|Process|FSEvent/.test(one))
        .sort()
        .join();
    const before = resources();
    const targetContext = { home: '', resources: '', program: 'test', kubeconfig };
    const stop = new AbortController();
    let watching: Promise<void> = Promise.resolve();
    const store = new ClusterStore({
      doubtMs: 1000,
      discover: (signal) => kubernetesTargets.clusters(targetContext, signal),
      onConfiguration: (changed) => {
        const services = { context: targetContext } as unknown as Services;
        watching = watchKubeconfig(() => Promise.resolve(services), changed, stop.signal);
        return {
          dispose: () => {
            stop.abort();
          },
        };
      },
    });
    const held = store.hold();
    await store.ready();
    const id = 'kubernetes:testbed';
    await store.load(id);
    await store.load(`${id}/namespaces`);
    await cluster.kubectl('create', 'namespace', 'passing');
    const row = () => store.below(`${id}/namespaces`)?.value?.rows.find(({ name }) => name === 'passing');
    await eventually('the namespace is shown', 10, () => row() !== undefined);
    const opened = `${id}/namespaces/${row()?.id ?? ''}`;
    await store.load(opened);
    assert.ok(store.below(opened)?.value !== undefined);

    const shown = new Set<string>();
    store.onChange(() => shown.add(store.clusters.map((one) => one.id).join()));
    for (const length of [0, whole.indexOf('contexts:'), whole.length - 20]) {
      writeFileSync(kubeconfig, whole.slice(0, length));
      await new Promise((resolve) => setTimeout(resolve, 100));
      writeFileSync(kubeconfig, whole);
    }
    await cluster.kubectl('delete', 'namespace', 'passing');
    await eventually('its row is gone, and closed', 20, () => row() === undefined && store.below(opened) === undefined);
    assert.deepEqual([...shown], [id]);
    writeFileSync(kubeconfig, 'contexts: [');
    await eventually('a broken file is told', 10, () => store.clusters[0]?.problem?.file === kubeconfig);
    writeFileSync(kubeconfig, whole);
    await eventually('and is right again', 10, () => store.clusters.map((one) => one.id).join() === id);

    held.dispose();
    await watching;
    rmSync(path.dirname(kubeconfig), { recursive: true });
    clientFor((await loadKubeconfig([cluster.kubeconfig])).contexts[0] ?? context).dispose();
    await eventually('nothing is left', 15, () => resources().length <= before.length);
  });

  it('leaves no connection behind', async () => {
    await eventually('only idle connections are left', 15, () => network.open <= 2);
  });
});

async function askOnce(context: KubeContext): Promise<void> {
  const client = new KubeClient(context);
  try {
    await client.request({ what: 'list namespaces', path: '/api/v1/namespaces' }, AbortSignal.timeout(10_000));
  } finally {
    client.dispose();
  }
}

/** The namespaces, watched until disposed. */
function follow(context: KubeContext) {
  const stop = new AbortController();
  const list = { what: 'list namespaces', path: resourcePath(resources.namespaces) };
  const state = { last: undefined as Watched<string> | undefined, names: [] as readonly string[], wasOld: false };
  const run = (async () => {
    for await (const value of watchList(clientFor(context), list, ({ metadata }) => metadata.name, stop.signal)) {
      state.last = value;
      state.wasOld ||= value.stale !== undefined;
      state.names = [...value.items.values()];
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    get last() {
      return state.last;
    },
    /** Whether it ever was: where another way is open, it is so for some milliseconds only. */
    get wasOld() {
      return state.wasOld;
    },
    names: () => state.names,
    shows: (name: string) => eventually(`${name} is shown`, 10, () => state.names.includes(name)),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await run;
    },
  };
}
