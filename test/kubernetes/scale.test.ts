import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { startCluster } from '../testbed/kubernetes/cluster';
import { addFakes, startKwok } from '../testbed/kubernetes/kwok';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';
const scale = process.env['SLIPWAY_TEST_KUBERNETES_SCALE'] ?? '';
const skip = scale === '' ? 'fake nodes are not built (npm run testbed -- kubernetes --build --nodes=1)' : false;

describe('A large cluster of the testbed', () => {
  it('has fake nodes that are ready and run pods', { skip }, async () => {
    const cluster = await startCluster({ programs, isLarge: true });
    try {
      startKwok(cluster, scale);
      const made = await addFakes(cluster, scale, { nodes: 100, pods: 500, isBound: true });
      assert.match(made, /nodes: 100 asked, 0 failed[^]*pods: 500 asked, 0 failed/);
      const count = async (what: string, pattern: RegExp): Promise<number> =>
        [...(await cluster.kubectl('get', what, '--all-namespaces', '--no-headers')).matchAll(pattern)].length;
      await eventually('all nodes are ready', 60, async () => (await count('nodes', / Ready /g)) === 101);
      await eventually('all pods run', 60, async () => (await count('pods', / Running /g)) === 500);
    } finally {
      await cluster.stop();
    }
  });
});
