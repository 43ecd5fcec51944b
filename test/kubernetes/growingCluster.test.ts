import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { story } from '../ui/support/story';
import { collapse, expand, picture, row } from '../ui/support/window';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { writeYaml } from '../testbed/kubernetes/files';
import { startKarpenter } from '../testbed/kubernetes/karpenter';
import { startKwok } from '../testbed/kubernetes/kwok';
import { showClusters } from './clustersView';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';
const kwok = process.env['SLIPWAY_TEST_KUBERNETES_SCALE'] ?? '';
const karpenter = process.env['SLIPWAY_TEST_KUBERNETES_KARPENTER'] ?? '';
const isBuilt = kwok !== '' && karpenter !== '';
const skip = isBuilt ? false : 'Karpenter is not built (npm run testbed -- kubernetes --build --karpenter)';
/** Long enough to be seen waiting; a real machine takes longer. */
const bootSeconds = 12;
/** Names that the provider of fake machines draws. */
const made = /^[a-z]+-[a-z]+-\d{3,}, CPU/;
const burst = (state: string): RegExp => new RegExp(`^burst, Deployment · ${state}`);

describe('A cluster that makes nodes for pods, in the workbench', { skip }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster({ programs });
    startKwok(cluster, kwok, 12);
    await startKarpenter(cluster, karpenter, bootSeconds);
    await cluster.kubectl('create', 'namespace', 'team');
  });
  after(() => cluster.stop());

  const options = {
    prepare: (projects: string) => Promise.resolve(projects),
    env: () => ({ KUBECONFIG: cluster.kubeconfig }),
  };

  story('nodes that come and go', options, (step) => {
    step('shows one node, and nothing that waits', async ({ page }) => {
      await showClusters(page);
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Namespaces/);
      await expand(page, /^team/);
      await expand(page, /^Nodes/);
      await row(page, /^node-1, CPU/).waitFor();
      assert.equal(await page.getByRole('treeitem', { name: made }).count(), 0);
    });

    step('says why pods wait, then shows their nodes and that they run', async ({ page }) => {
      await cluster.kubectl('apply', '-f', writeYaml(`${cluster.folder}/burst.yaml`, deployment));
      await expand(page, burst('0 of 20 ready'));
      await row(page, /^burst-.*, Unschedulable · 0\/1 · .*1 node\(s\) didn't match/).waitFor({
        timeout: bootSeconds * 1000,
      });
      await expand(page, /^burst-.*, Unschedulable/);
      await row(page, /^FailedScheduling, Pod\/team\/burst-/).waitFor();
      await picture(page, 'waiting-for-nodes');
      await collapse(page, burst(''));
      await row(page, made).waitFor({ timeout: 60_000 });
      await row(page, burst('20 of 20 ready')).waitFor({ timeout: 60_000 });
      assert.ok((await page.getByRole('treeitem', { name: made }).count()) >= 2);
      await picture(page, 'new-nodes');
    });

    step('shows how nodes go that nothing needs any more', async ({ page }) => {
      await cluster.kubectl('-n', 'team', 'scale', 'deployment/burst', '--replicas=0');
      await row(page, burst('0 of 0 ready')).waitFor();
      await row(page, made).waitFor({ state: 'detached', timeout: 100_000 });
      await row(page, /^node-1, CPU/).waitFor();
    });
  });
});

/** Twenty processors' worth, on machines that Karpenter makes. */
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'burst', namespace: 'team' },
  spec: {
    replicas: 20,
    selector: { matchLabels: { app: 'burst' } },
    template: {
      metadata: { labels: { app: 'burst' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        nodeSelector: { 'karpenter.sh/nodepool': 'fake' },
        tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
        containers: [{ name: 'main', image: 'fake', resources: { requests: { cpu: '1', memory: '1Gi' } } }],
      },
    },
  },
};
