import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Cluster, ClusterRow, SectionRow } from '../../src/core/cluster';
import { isUserError } from '../../src/core/errors';
import { kubernetesTargets } from '../../src/targets/kubernetes';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { pauseImage } from '../testbed/kubernetes/settings';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';

describe('The explorer for somebody with rights in one namespace', () => {
  let cluster: TestCluster;
  let explored: Cluster;

  before(async () => {
    cluster = await startCluster({ programs });
    const names = Array.from({ length: 20 }, (_, index) => `other-${index}`);
    await Promise.all(['team', ...names].map((name) => cluster.kubectl('create', 'namespace', name)));
    await cluster.kubectl('-n', 'team', 'create', 'rolebinding', 'see', '--clusterrole=view', '--group=dev');
    await cluster.kubectl('-n', 'team', 'create', 'deployment', 'web', '--image=none', '--replicas=0');
    const context = {
      home: '',
      resources: '',
      program: 'test',
      kubeconfig: cluster.user('alice'),
      namespaces: ['team'],
    };
    const [found] = await kubernetesTargets.clusters(context, AbortSignal.timeout(5000));
    assert.ok(found !== undefined);
    explored = found;
  });
  after(() => cluster.stop());

  const read = (row?: ClusterRow): Promise<readonly ClusterRow[]> => readRows(explored, row);
  const section = async (name: SectionRow['section']): Promise<ClusterRow> => {
    const found = (await read()).find((row) => row.kind === 'section' && row.section === name);
    assert.ok(found !== undefined);
    return found;
  };
  const isForbidden = (error: unknown): boolean => isUserError(error) && error.code === 'KubernetesForbidden';

  it('says once that nodes may not be listed, and leaves the rest alone', async () => {
    await assert.rejects(section('nodes').then(read), isForbidden);
    const rows = await read(await section('controlPlane'));
    assert.equal(rows[0]?.name, 'Kubernetes');
  });

  it('shows the namespaces that were named, and what is in the one with rights', async () => {
    const rows = await read(await section('namespaces'));
    assert.deepEqual(
      rows.map(({ kind, name }) => [kind, name]),
      [
        ['namespace', 'default'],
        ['namespace', 'team'],
        ['note', ''],
      ],
    );
    const [mayNot, may] = rows;
    await eventually('the rights count', 10, async () => (await read(may)).some(({ name }) => name === 'web'));
    const refused = await read(mayNot);
    assert.deepEqual(
      refused.map(({ kind }) => kind),
      ['section', 'section', 'note'],
    );
  });

  it('shows the events of the context’s namespace, or that they may not be seen', async () => {
    await assert.rejects(section('events').then(read), isForbidden);
  });

  it('offers to cordon and drain nodes only to those who may', async () => {
    const see = ['clusterrole', 'see-nodes', '--verb=get,list,watch', '--resource=nodes'];
    await cluster.kubectl('create', ...see);
    await cluster.kubectl('create', 'clusterrolebinding', 'see-nodes', '--clusterrole=see-nodes', '--group=dev');
    const nodesOf = async (kubeconfig: string, nodeOperations: boolean) => {
      const found = await exploreAs(kubeconfig, nodeOperations);
      const rows = await readRows(
        found,
        (await readRows(found)).find(({ id }) => id === 'nodes'),
      );
      return rows.map((row) => (row.kind === 'node' ? row.actions : undefined));
    };
    await eventually('she sees nodes', 10, () =>
      nodesOf(cluster.user('alice'), true).then(
        ([actions]) => actions?.length === 0,
        () => false,
      ),
    );
    assert.deepEqual(await nodesOf(cluster.kubeconfig, true), [['cordon', 'drain']]);
    assert.deepEqual(await nodesOf(cluster.kubeconfig, false), [[]]);
  });

  it('drains a node as disruption budgets allow, loses nothing, and stops when told to', async () => {
    await cluster.kubectl('apply', '-f', writeDrained(cluster));
    await cluster.kubectl('-n', 'drained', 'wait', '--for=condition=Ready', 'pods', '--all', '--timeout=60s');
    const admin = await exploreAs(cluster.kubeconfig, true);
    const [row] = await readRows(
      admin,
      (await readRows(admin)).find(({ id }) => id === 'nodes'),
    );
    const objects = await admin.objects?.();
    assert.ok(row?.ref !== undefined && objects !== undefined);
    const node = row.ref;
    const never = new AbortController().signal;
    const isCordoned = async () =>
      (await cluster.kubectl('get', 'node', node.name, '-o=jsonpath={.spec.unschedulable}')) === 'true';
    const pods = async () =>
      (await cluster.kubectl('-n', 'drained', 'get', 'pods', '-o=jsonpath={.items[?(@.spec.nodeName)].metadata.name}'))
        .split(' ')
        .sort();

    const whole = async (): Promise<void> => {
      for await (const said of objects.drain(node, never)) assert.fail(said);
    };
    await failure(whole(), 'DrainWouldLose', /drained\/alone/);
    assert.equal(await isCordoned(), false);
    await cluster.kubectl('-n', 'drained', 'delete', 'pod', 'alone', '--wait=true');
    const before = await pods();

    const stop = new AbortController();
    const cancelled = async (): Promise<void> => {
      for await (const said of objects.drain(node, stop.signal)) {
        if (!said.startsWith('Waiting')) continue;
        assert.match(said, /drained\/web-.*The disruption budget web needs 2 healthy pods/);
        stop.abort();
      }
    };
    await assert.rejects(cancelled(), { name: 'AbortError' });
    assert.equal(await isCordoned(), true);
    assert.deepEqual(await pods(), before);

    const said: string[] = [];
    for await (const text of objects.drain(node, never)) {
      if (text.startsWith('Waiting') && said.length < 2) await cluster.kubectl('-n', 'drained', 'delete', 'pdb', 'web');
      said.push(text);
    }
    assert.equal(said.filter((text) => text.startsWith('Evicted drained/web-')).length, 2);
    await eventually('only the DaemonSet’s pod is left', 20, async () => {
      const left = await pods();
      return left.length === 1 && (left[0] ?? '').startsWith('agent-');
    });
    await objects.cordon(node, false, never);
    assert.equal(await isCordoned(), false);
    await cluster.kubectl('-n', 'drained', 'rollout', 'status', 'deployment/web', '--timeout=60s');
  });
});

async function readRows(cluster: Cluster, row?: ClusterRow): Promise<readonly ClusterRow[]> {
  const stop = new AbortController();
  try {
    for await (const { rows, complete } of cluster.watch(row, stop.signal)) if (complete) return rows;
    return [];
  } finally {
    stop.abort();
  }
}

async function exploreAs(kubeconfig: string, nodeOperations: boolean): Promise<Cluster> {
  const context = { home: '', resources: '', program: 'test', kubeconfig, nodeOperations };
  const [found] = await kubernetesTargets.clusters(context, AbortSignal.timeout(5000));
  assert.ok(found !== undefined);
  return found;
}

/** Pods that may go, one that a budget holds back, one of every node and one that nobody would make again. */
function writeDrained(cluster: TestCluster): string {
  const metadata = (name: string) => ({ name, namespace: 'drained' });
  const spec = {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: `${cluster.registry.host}/${pauseImage}` }],
  };
  const matched = (app: string) => ({
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec },
  });
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'drained' } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('web'), spec: { replicas: 2, ...matched('web') } },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: metadata('agent'), spec: matched('agent') },
    { apiVersion: 'v1', kind: 'Pod', metadata: metadata('alone'), spec },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata('web'),
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    },
  ];
  const file = path.join(cluster.folder, 'drained.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return file;
}
