import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Cluster, ClusterRow, SectionRow } from '../../src/core/cluster';
import { isUserError } from '../../src/core/errors';
import { kubernetesTargets } from '../../src/targets/kubernetes';
import { eventually } from '../support/eventually';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';

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

  const read = async (row?: ClusterRow): Promise<readonly ClusterRow[]> => {
    const stop = new AbortController();
    try {
      for await (const { rows, complete } of explored.watch(row, stop.signal)) if (complete) return rows;
      return [];
    } finally {
      stop.abort();
    }
  };
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
      ['section', 'note'],
    );
  });

  it('shows the events of the context’s namespace, or that they may not be seen', async () => {
    await assert.rejects(section('events').then(read), isForbidden);
  });
});
