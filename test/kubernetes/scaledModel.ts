import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { editCell } from '../support/notebooks';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import type { DeployBench } from './deployBench';

const namespace = 'scaled';
const yaml =
  'resources: { cpu: 100m, memory: 128Mi }\nautoscale: { min: 2, max: 4, cpu: 500, scaleDownAfter: 60 }\nnetwork: { from: [{ namespace: shop }] }\n';

/** A model whose replicas are the cluster's, while it is deployed, changed and rolled back. */
export function describeScaledModel(bench: () => DeployBench): void {
  describe('A model that the cluster scales', { timeout: 10 * 60_000 }, () => {
    let workspace: Workspace;
    let folder: string;
    before(async () => {
      workspace = await openWorkspace(await bench().guardedNamespace(namespace));
      folder = await workspace.writeProject('busy', plainProject([], { 'slipway.yaml': yaml }));
    });
    after(async () => {
      assert.deepEqual(await workspace.close(), []);
    });

    const autoscaler = async (field: string): Promise<string> =>
      bench().cluster.kubectl('get', 'hpa', 'busy', '-n', namespace, `-o=jsonpath=${field}`);
    const objects = async (): Promise<readonly string[]> =>
      (await bench().cluster.kubectl('get', 'pdb,networkpolicy', '-n', namespace, '-o=name')).trim().split('\n');
    const replicas = async () => (await workspace.model('busy'))?.replicas.desired;

    it('starts with the fewest replicas, and tells what is measured', async () => {
      await workspace.deploy({ path: folder });
      assert.equal(await replicas(), 2);
      await eventually('a metric was read', 90, async () => {
        const state = (await workspace.model('busy'))?.autoscale;
        return state?.current !== undefined && state.problem === undefined;
      });
      const { autoscale } = (await workspace.model('busy')) ?? {};
      const { current, ...wish } = autoscale ?? { current: undefined };
      assert.deepEqual(wish, { min: 2, max: 4, cpu: 500, scaleDownAfter: 60 });
      assert.equal(
        String(current),
        await autoscaler('{.status.currentMetrics[0].containerResource.current.averageUtilization}'),
      );
    });

    it('keeps its replicas over the next release and back, whatever the releases say', async () => {
      await editCell(path.join(folder, 'nb.ipynb'), 'predict', '2 *', '3 *');
      await workspace.deploy({ path: folder, replicas: 1 });
      assert.deepEqual(await workspace.predict('busy', { inputs: [1, 2] }), [3, 6]);
      const target = await workspace.target();
      const back = await target.rollback?.('busy', undefined, workspace.signal);
      assert.equal(back?.version, 1);
      assert.ok(((await replicas()) ?? 0) >= 2);
    });

    it('is not scaled by hand, and stops and starts all the same', async () => {
      const target = await workspace.target();
      const { scale } = target;
      assert.ok(scale);
      await failure(scale('busy', 3, workspace.signal), 'Autoscaled', /scaled automatically: 2–4 by CPU/);
      await target.stop?.('busy', workspace.signal);
      const stopped = await workspace.model('busy');
      assert.deepEqual([stopped?.phase, stopped?.autoscale?.problem], ['Stopped', undefined]);
      await target.start?.('busy', {}, workspace.signal);
      assert.ok(((await replicas()) ?? 0) >= 2);
    });

    it('says what is missing, and scales by nothing that is not measured', async () => {
      const target = await workspace.target();
      const wish = { min: 1, max: 2, requests: 5 };
      const { autoscale } = target;
      assert.ok(autoscale);
      await failure(autoscale('busy', wish, workspace.signal), 'MetricMissing', /nothing serves custom\.metrics/);
      const plain = await workspace.writeProject(
        'plain',
        plainProject([], { 'slipway.yaml': yaml.replace('cpu: 100m, ', '') }),
      );
      await failure(workspace.deploy({ path: plain }), 'CpuRequestMissing', /plain requests no CPU/);
    });

    it('lets nobody in but whom the project names, and one replica leave at a time', async () => {
      const found = await objects();
      assert.deepEqual(found, [
        'poddisruptionbudget.policy/busy',
        'networkpolicy.networking.k8s.io/busy',
        'networkpolicy.networking.k8s.io/guard',
      ]);
    });

    it('is left to people again', async () => {
      const target = await workspace.target();
      await target.autoscale?.('busy', undefined, workspace.signal);
      assert.equal((await workspace.model('busy'))?.autoscale, undefined);
      await target.scale?.('busy', 1, workspace.signal);
      assert.equal(await replicas(), 1);
      assert.ok(!(await objects()).includes('poddisruptionbudget.policy/busy'));
    });
  });
}
