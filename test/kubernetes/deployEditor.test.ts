import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { outputText, runCommand } from '../testbed/vscode/workbench';
import { isGone, logShows, modelIs } from '../ui/support/model';
import { openNotebook, rewriteCell, toolbarButton } from '../ui/support/notebook';
import { copyExample } from '../ui/support/stage';
import { story } from '../ui/support/story';
import {
  answerDialog,
  answerFromMenu,
  chooseFromMenu,
  clearToasts,
  closeAllEditors,
  dialog,
  editorWith,
  expand,
  inputBox,
  openContainer,
  picture,
  quickPickRow,
  row,
  textOf,
  toast,
} from '../ui/support/window';

const namespace = 'models';
const deploySeconds = 300;
const untouched = 'species = list(iris.target_names)';
const titled = 'species = [name.title() for name in iris.target_names]';

describe('Deploy Model to a cluster from the workbench', () => {
  let cluster: TestCluster;
  let base: string;

  before(async () => {
    cluster = await startCluster({ programs: process.env['SLIPWAY_TEST_KUBERNETES'] ?? '', metrics: true });
    base = await pushBase(cluster.registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    await cluster.kubectl('create', 'namespace', namespace);
    await cluster.kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  });
  after(() => cluster.stop());

  let folder: string;
  const options = {
    prepare: async (projects: string): Promise<string> => {
      folder = await copyExample(projects, 'iris');
      const settings = { 'slipway.insecureRegistries': [cluster.registry.host], 'slipway.baseImage': base };
      await mkdir(path.join(folder, '.vscode'), { recursive: true });
      await writeFile(path.join(folder, 'slipway.yaml'), 'resources: { cpu: 50m }\n');
      await writeFile(path.join(folder, '.vscode', 'settings.json'), JSON.stringify(settings));
      return folder;
    },
    env: () => ({ KUBECONFIG: cluster.kubeconfig }),
  };

  story('from a notebook to a model on a cluster', options, (step) => {
    step('chooses the cluster for this workspace', async ({ page }) => {
      await openNotebook(page, 'iris.ipynb');
      await toolbarButton(page, /Deploy Model/).waitFor();
      await openContainer(page, /Slipway/);
      await runCommand(page, 'Slipway: Choose Target…');
      await quickPickRow(page, 'kubernetes:testbed').click({ timeout: 30_000 });
      await quickPickRow(page, namespace).waitFor({ timeout: 30_000 });
      await picture(page, 'choose-target');
      await quickPickRow(page, namespace).click();
      await toast(page, /Models of this workspace are deployed to .*testbed/).waitFor();
      await clearToasts(page);
    });

    step(
      'asks for a registry and before the notebook is executed, then shows the rollout and ends with an endpoint',
      async ({ page }) => {
        await toolbarButton(page, /Deploy Model/).click();
        await quickPickRow(page, 'Enter Address').click({ timeout: 60_000 });
        await inputBox(page).fill(`${cluster.registry.host}/team`);
        await inputBox(page).press('Enter');
        await dialog(page).filter({ hasText: 'Execute iris.ipynb on this machine?' }).waitFor({ timeout: 90_000 });
        await answerDialog(page, 'Execute Notebook');
        await toast(page, 'Deploying iris').waitFor();
        await toast(page, /iris v1 answers at http/).waitFor({ timeout: 240_000 });
        await modelIs(page, 'iris', 'v1 · Ready · 1/1');
        await clearToasts(page);
      },
      deploySeconds,
    );

    step('shows the model, its pod and its release where the cluster is', async ({ page }) => {
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Deployed Models/);
      await row(page, new RegExp(`^${namespace}/iris, release 1 · 1 of 1 ready`)).waitFor();
      await expand(page, new RegExp(`^${namespace}/iris, release 1`));
      await row(page, /^iris-.*, Running · 1\/1/).waitFor();
      await picture(page, 'cluster-model');
    });

    step('sends a test prediction', async ({ page }) => {
      await chooseFromMenu(page, row(page, 'Model iris'), 'Test Prediction');
      await editorWith(page, 'dataframe_').waitFor();
      await page.locator('.codelens-decoration a', { hasText: 'Send to iris v1' }).click();
      await editorWith(page, 'iris v1 answered in').waitFor();
      assert.match(await textOf(editorWith(page, 'answered in')), /versicolor/);
      await logShows(page, 'POST /invocations 200');
      await picture(page, 'cluster-prediction');
      await closeAllEditors(page);
    });

    step(
      'deploys an edited notebook as v2, reached from beyond the cluster with a key, and goes back to v1',
      async ({ page }) => {
        await openNotebook(page, 'iris.ipynb');
        await rewriteCell(page, untouched, titled);
        await writeFile(path.join(folder, 'slipway.yaml'), 'expose: { kind: nodePort }\n');
        await toolbarButton(page, /Deploy Model/).click();
        await toast(page, `iris v2 answers at http://${cluster.nodeAddress}:`).waitFor({ timeout: 240_000 });
        await modelIs(page, 'iris', 'v2 · Ready · 1/1');
        await clearToasts(page);
        await chooseFromMenu(page, row(page, 'Model iris'), 'Copy Endpoint Key');
        await toast(page, 'The key of iris is on the clipboard').waitFor({ timeout: 30_000 });
        await picture(page, 'cluster-exposed');
        await clearToasts(page);
        await answerFromMenu(page, row(page, 'Model iris'), /Roll Back/, () =>
          quickPickRow(page, 'v1').click({ timeout: 5000 }),
        );
        await toast(page, 'iris answers with v1 again').waitFor({ timeout: 90_000 });
        await modelIs(page, 'iris', 'v1 · Ready · 1/1');
        await clearToasts(page);
      },
      deploySeconds,
    );

    step('scales to two replicas', async ({ page }) => {
      await answerFromMenu(page, row(page, 'Model iris'), /Scale/, () => inputBox(page).fill('2', { timeout: 5000 }));
      await inputBox(page).press('Enter');
      await modelIs(page, 'iris', 'v1 · Ready · 2/2', 90);
      await row(page, new RegExp(`^${namespace}/iris, release 1 · 2 of 2 ready`)).waitFor();
    });

    step('shows the lines of one replica, and those since a time', async ({ page }) => {
      await runCommand(page, 'Slipway: Choose Replicas in Logs…');
      const boxes = page.locator('.quick-input-list .monaco-list-row');
      await eventually('both replicas have written', 60, async () => (await boxes.count()) >= 2);
      const hidden = await textOf(boxes.first());
      await boxes.first().click();
      await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
      await logBegins(page, `without ${hidden.trim()}`);
      await runCommand(page, 'Slipway: Show Logs Since…');
      await quickPickRow(page, '5 Minutes Ago').click();
      await logBegins(page, ' · since 20');
    });

    step('shows what changed between two releases', async ({ page }) => {
      await runCommand(page, 'Slipway: Compare Releases…');
      await quickPickRow(page, 'v2').click();
      await page.locator('.tab', { hasText: 'iris: v1 and v2' }).waitFor();
      await picture(page, 'compare-releases');
      await closeAllEditors(page);
    });

    step('replaces its pods when it is restarted', async ({ page }) => {
      const before = await podsOf(cluster);
      await chooseFromMenu(page, row(page, 'Model iris'), 'Restart');
      await eventually('the pods are others', 90, async () => {
        const now = await podsOf(cluster);
        return now.length === 2 && now.every((name) => !before.includes(name));
      });
      await modelIs(page, 'iris', 'v1 · Ready · 2/2', 90);
    });

    step('leaves the number of replicas to the cluster, and takes it back', async ({ page }) => {
      const autoscale = async (): Promise<void> => {
        await inputBox(page).fill('1-3', { timeout: 5000 });
        await inputBox(page).press('Enter');
        await page.locator('.quick-input-widget:visible', { hasText: 'Percent of' }).waitFor({ timeout: 5000 });
        await inputBox(page).fill('60', { timeout: 5000 });
      };
      await answerFromMenu(page, row(page, 'Model iris'), /Autoscale/, autoscale);
      await inputBox(page).press('Enter');
      const bounds = '-o=jsonpath={.items[*].spec.minReplicas}-{.items[*].spec.maxReplicas}';
      const autoscalers = () => cluster.kubectl('-n', namespace, 'get', 'horizontalpodautoscalers', bounds);
      await eventually('the cluster scales it', 60, async () => (await autoscalers()) === '1-3');
      await expand(page, /^Model iris/);
      await row(page, /^Replicas, .*1–3 by CPU/).waitFor();
      await picture(page, 'autoscale');
      await answerFromMenu(page, row(page, 'Model iris'), /Autoscale/, () =>
        quickPickRow(page, 'Turn Off').click({ timeout: 5000 }),
      );
      await eventually('people scale it', 60, async () => (await autoscalers()) === '-');
    });

    step('opens a port of this machine for its endpoint, which stays', async ({ page }) => {
      await chooseFromMenu(page, row(page, 'Model iris'), 'Open Endpoint');
      await row(page, /^iris, Active · http/).waitFor({ timeout: 60_000 });
      const [url = ''] = /http:\S+/.exec(await textOf(row(page, /^iris, Active/))) ?? [];
      assert.equal((await fetch(`${url}/v2/health/ready`)).status, 200);
      await page.keyboard.press('Escape');
      await chooseFromMenu(page, row(page, /^iris, Active/), 'Stop Forwarding');
      await eventually('the port is closed', 20, () => isGone(url));
    });

    step('removes the model and leaves nothing of it in the cluster', async ({ page }) => {
      await chooseFromMenu(page, row(page, 'Model iris'), /^Remove/);
      await answerDialog(page, 'Remove');
      await row(page, new RegExp(`^${namespace}/iris,`)).waitFor({ state: 'detached', timeout: 60_000 });
      await eventually('nothing is left', 60, async () => {
        const kinds = 'deployments,services,pods,configmaps,secrets,serviceaccounts,leases';
        const left = await cluster.kubectl(
          '-n',
          namespace,
          'get',
          kinds,
          '-l',
          'app.kubernetes.io/name=iris',
          '-o=name',
        );
        return left.trim() === '';
      });
    });
  });
});

/** Waits until the first lines of the log, which may be out of sight, have a text. */
async function logBegins(page: Page, text: string): Promise<void> {
  await eventually(`the log begins with ${text}`, 30, async () => {
    await page.locator('.output-view .view-lines').first().hover({ timeout: 5000 });
    await page.mouse.wheel(0, -10_000);
    return (await outputText(page).catch(() => '')).includes(text);
  });
}

async function podsOf(cluster: TestCluster): Promise<readonly string[]> {
  const selector = '--selector=app.kubernetes.io/name=iris';
  const names = await cluster.kubectl(
    '-n',
    namespace,
    'get',
    'pods',
    selector,
    '-o=jsonpath={.items[*].metadata.name}',
  );
  return names.split(' ').filter((name) => name !== '');
}
