import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { eventually } from '../support/eventually';
import { runCommand } from '../testbed/vscode/workbench';
import { story } from '../ui/support/story';
import { writeProject } from '../ui/support/stage';
import {
  chooseFromMenu,
  collapse,
  expand,
  isThere,
  openContainer,
  picture,
  quickPickRow,
  row,
  textOf,
  turnPane,
  widenSidebar,
} from '../ui/support/window';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { definition, gpuNode, notebook, objectsOfTeam } from './ownObjects';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';

describe('A cluster that is added, pinned and has kinds of its own', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await startCluster({ programs });
    await apply(cluster, 'team', objectsOfTeam);
    await apply(cluster, 'gpu', [gpuNode]);
    const status = JSON.stringify({ status: { allocatable: { cpu: '8', memory: '64Gi', pods: '110', ...gpus } } });
    await cluster.kubectl('patch', 'node', 'gpu-1', '--subresource=status', '--type=merge', `--patch=${status}`);
    await writeStandIns(cluster);
  });
  after(() => cluster.stop());

  const options = {
    prepare: (projects: string) => writeProject(projects, 'project', { 'readme.txt': 'Nothing to deploy here.' }),
    env: () => ({
      KUBECONFIG: path.join(cluster.folder, 'own.kubeconfig'),
      // The editor takes the PATH that the user's shell sets.
      HOME: standIns(cluster),
    }),
  };

  story('one’s own cluster', options, (step) => {
    step('is found by the command line that made it, beside one that says why it lists none', async ({ page }) => {
      await openContainer(page, /Slipway/);
      await row(page, /^Cluster This Machine/).waitFor();
      await turnPane(page, 'Models', false);
      await widenSidebar(page, 480);
      assert.equal(await page.getByRole('treeitem', { name: /^Cluster testbed/ }).count(), 0);
      await runCommand(page, 'Slipway: Add Cluster…');
      await quickPickRow(page, /gcloud.*Reauthentication failed/).waitFor();
      await picture(page, 'add-cluster');
      await quickPickRow(page, /^testbed/).click();
      await row(page, /^Cluster testbed/).waitFor();
    });

    step('tells GPUs in words, and which node a pending pod would fit first', async ({ page }) => {
      await collapse(page, /^Cluster This Machine/);
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Nodes/);
      await eventually('GPUs are told', 20, async () =>
        (await textOf(row(page, /^gpu-1/))).includes('2 GPUs · 3 MIG slices 1g.5gb · NVIDIA-A100-SXM4-40GB'),
      );
      await collapse(page, /^Nodes/);
      await expand(page, /^Namespaces/);
      await expand(page, /^team/);
      await expand(page, /^Pods/);
      await expand(page, /^needs-gpus, Unschedulable/);
      const fit =
        /^Nearest fit: gpu-1, which has 2 of 4 nvidia\.com\/gpu free and is barred by the taint nvidia\.com\/gpu/;
      await row(page, fit).waitFor();
      await picture(page, 'nearest-fit');
      await collapse(page, /^Pods/);
    });

    step('shows objects of kinds that come and go with their definition, by what these tell', async ({ page }) => {
      await expand(page, /^Other Objects/);
      await expand(page, /^CronJob/);
      await row(page, /^nightly, Schedule 0 3 \* \* \* · Suspend True/).waitFor();
      await collapse(page, /^CronJob/);
      assert.equal(await page.getByRole('treeitem', { name: /^Notebook/ }).count(), 0);
      await apply(cluster, 'definition', [definition]);
      await cluster.kubectl('wait', '--for=condition=Established', 'crd/notebooks.example.org', '--timeout=30s');
      await apply(cluster, 'notebook', [notebook('Starting')]);
      await eventually('the new kind is shown', 20, () => isThere(page, /^Notebook, example\.org\/v1/));
      await expand(page, /^Notebook/);
      await row(page, /^analysis, Phase Starting/).waitFor();
      await apply(cluster, 'notebook', [notebook('Running')]);
      await row(page, /^analysis, Phase Running/).waitFor();
      await picture(page, 'other-objects');
      await cluster.kubectl('delete', 'crd', 'notebooks.example.org');
      await row(page, /^Notebook/).waitFor({ state: 'detached', timeout: 20_000 });
      await collapse(page, /^Other Objects/);
    });

    step('pins a namespace, which comes first from then on', async ({ page }) => {
      await chooseFromMenu(page, row(page, /^team/), 'Pin to This Workspace');
      await row(page, /^team, pinned/).waitFor();
      await expand(page, /^Namespaces/);
      const names = await page.getByRole('treeitem').allInnerTexts();
      const first = names[names.findIndex((name) => name.startsWith('Namespaces')) + 1];
      assert.match(first ?? '', /^team/);
      await picture(page, 'pinned');
      await chooseFromMenu(page, row(page, /^team, pinned/), 'Unpin');
      await row(page, /^team, pinned/).waitFor({ state: 'detached' });
    });
  });
});

const gpus = { 'nvidia.com/gpu': '2', 'nvidia.com/mig-1g.5gb': '3' };

async function apply(cluster: TestCluster, name: string, items: readonly object[]): Promise<void> {
  const file = path.join(cluster.folder, `${name}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await cluster.kubectl('apply', '-f', file);
}

function standIns({ folder }: TestCluster): string {
  return path.join(folder, 'stand-ins');
}

/** A home with what kind and gcloud do and say as they document it: kind writes to KUBECONFIG, gcloud wants a new login. */
async function writeStandIns(cluster: TestCluster): Promise<void> {
  const home = standIns(cluster);
  const folder = path.join(home, 'bin');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(home, '.bash_profile'), `export PATH='${folder}':"$PATH"\n`);
  const kind = `case "$*" in
  "get clusters") echo testbed ;;
  "export kubeconfig --name testbed") cp '${cluster.kubeconfig}' "$KUBECONFIG" && echo 'Set kubectl context' >&2 ;;
  *) exit 1 ;;
esac`;
  const gcloud = 'echo "ERROR: (gcloud.container.clusters.list) Reauthentication failed." >&2; exit 1';
  for (const [name, script] of Object.entries({ kind, gcloud }))
    await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
