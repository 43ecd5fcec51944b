import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeployedModel } from '../../src/core/deployment';
import { eventually } from '../support/eventually';
import { plainProject } from '../support/plainProject';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';
import { startClient, type Ask } from './clientPod';
import type { DeployBench } from './deployBench';

const namespace = 'closed';
const url = `http://doubled.${namespace}.svc.cluster.local/v2/health/ready`;

/** A model in a namespace that lets nobody in, until the project says who may come. */
export function describeClosedModel(bench: () => DeployBench): void {
  describe('A model in a namespace that lets nobody in', { timeout: 5 * 60_000 }, () => {
    let workspace: Workspace;
    let folder: string;
    let shop: Ask;
    let street: Ask;
    before(async () => {
      const { cluster, base } = bench();
      workspace = await openWorkspace(await bench().guardedNamespace(namespace));
      folder = await workspace.writeProject('doubled', plainProject());
      const start = async (name: string): Promise<Ask> => {
        await cluster.kubectl('create', 'namespace', name);
        return startClient(cluster, base, name);
      };
      [shop, street] = await Promise.all([start('shop'), start('street')]);
    });
    after(async () => {
      assert.deepEqual(await workspace.close(), []);
    });

    const deploy = async (yaml?: string): Promise<{ readonly model: DeployedModel; readonly warnings: string[] }> => {
      if (yaml !== undefined) await writeFile(path.join(folder, 'slipway.yaml'), yaml);
      const host = recordingHost();
      const model = await workspace.deploy({ path: folder }, host);
      const found = eventsOf(host, 'finding').map(({ finding }) => finding);
      return { model, warnings: found.flatMap(({ code, message }) => (code === 'NetworkBarred' ? [message] : [])) };
    };

    it('becomes ready, and is said to be reached by nobody but through a forwarded port', async () => {
      const { warnings } = await deploy();
      assert.match(
        warnings.join(),
        /^The NetworkPolicy guard of the namespace closed lets nobody reach doubled at its/,
      );
      assert.deepEqual([await shop(url), await street(url)], ['none', 'none']);
      assert.deepEqual(await workspace.predict('doubled', { inputs: [1, 2] }), [2, 4]);
    });

    it('is shown at no address beyond the cluster, since it does not answer there', async () => {
      const { model, warnings } = await deploy('expose: { kind: nodePort }\n');
      assert.equal(warnings.length, 1);
      assert.equal(model.endpointIsInside, true);
      assert.match(model.endpointProblem ?? '', /^http:\/\/[\d.]+:\d+ is not reachable from here: /);
    });

    it('is reached by whom the project names, and by nobody else', async () => {
      const { warnings } = await deploy('network: { from: [{ namespace: shop }] }\n');
      assert.deepEqual(warnings, []);
      await eventually('the shop reaches it', 20, async () => (await shop(url)) === '200');
      assert.equal(await street(url), 'none');
    });
  });
}
