import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { eventually } from '../support/eventually';
import { startLoad, type Load } from '../support/load';
import { notebookOf } from '../support/notebooks';
import { exampleCell } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { story } from '../ui/support/story';
import { expand, picture, row } from '../ui/support/window';
import { showClusters } from './clustersView';
import { openDeployBench, type DeployBench } from './deployBench';

const namespace = 'models';
/** Computes for as many milliseconds as the first input says. */
const predict = `from time import thread_time
def predict(x: list[float]) -> list[float]:
    end = thread_time() + x[0] / 1000
    while thread_time() < end:
        pass
    return x`;
const files = {
  'requirements.txt': '',
  'nb.ipynb': notebookOf(predict, exampleCell),
  'slipway.yaml': 'resources: { cpu: 100m }\nautoscale: { min: 2, max: 5, cpu: 25, scaleDownAfter: 15 }\n',
};
/** Clients that together ask for 0.4 processors, and those that ask for next to nothing. */
const loads = {
  heavy: { milliseconds: 5, pauseMs: 60 },
  light: { milliseconds: 0, pauseMs: 250 },
};
const model = (ready: string): RegExp => new RegExp(`^models/busy, release 1 · ${ready} ready · 2–5 by CPU`);
const pods = /^busy-.*, Running · 1\/1/;

describe('A model that the cluster scales, in the workbench', () => {
  let bench: DeployBench;
  let workspace: Workspace;
  let url: string;
  let load: Load | undefined;
  before(async () => {
    bench = await openDeployBench({ metrics: true });
    workspace = await openWorkspace(await bench.namespace(namespace));
    await workspace.deploy({ path: await workspace.writeProject('busy', files) });
    url = `${await bench.reach(namespace, 'busy')}/invocations`;
  });
  after(async () => {
    // A step that failed did not end its clients.
    await load?.stop();
    await workspace.close();
    await bench.cluster.stop();
  });

  const startClients = async ({ milliseconds, pauseMs }: (typeof loads)['heavy']): Promise<void> => {
    load = startLoad(url, JSON.stringify({ inputs: [milliseconds] }), { pauseMs });
    await load.answers(5);
  };
  const options = {
    prepare: (projects: string) => Promise.resolve(projects),
    env: () => ({ KUBECONFIG: bench.cluster.kubeconfig }),
  };

  story('replicas that follow the load', options, (step) => {
    step('shows as many replicas as are always there, and what they are scaled by', async ({ page }) => {
      await showClusters(page);
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Deployed Models/);
      await row(page, model('2 of 2')).waitFor();
      await expand(page, model('2 of 2'));
      await eventually(
        'its pods are shown',
        20,
        async () => (await page.getByRole('treeitem', { name: pods }).count()) === 2,
      );
    });

    step(
      'shows how replicas come with the load',
      async ({ page }) => {
        await startClients(loads.heavy);
        await row(page, model('5 of 5')).waitFor({ timeout: 120_000 });
        await eventually(
          'their pods are shown',
          20,
          async () => (await page.getByRole('treeitem', { name: pods }).count()) === 5,
        );
        await picture(page, 'autoscaled');
        await withoutFailure(load);
      },
      180,
    );

    step(
      'shows how they go when the load is over, and no request fails',
      async ({ page }) => {
        await startClients(loads.light);
        await row(page, model('2 of 2')).waitFor({ timeout: 150_000 });
        await withoutFailure(load);
      },
      180,
    );
  });
});

async function withoutFailure(load: Load | undefined): Promise<void> {
  const { answered, failures } = (await load?.stop()) ?? { answered: { keepAlive: 0, fresh: 0 }, failures: [] };
  assert.deepEqual(failures, []);
  assert.ok(answered.keepAlive > 0 && answered.fresh > 0, JSON.stringify(answered));
}
