import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { eventually } from '../support/eventually';
import { pass, startFaultProxy, type FaultProxy } from '../support/faultProxy';
import { plainProject } from '../support/plainProject';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { runCommand } from '../testbed/vscode/workbench';
import { modelIs } from '../ui/support/model';
import { openNotebook, toolbarButton } from '../ui/support/notebook';
import { writeProject } from '../ui/support/stage';
import { story } from '../ui/support/story';
import {
  answerDialog,
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
const elsewhere = 'elsewhere';
const unauthorized = {
  kind: 'answer',
  status: 401,
  headers: { 'www-authenticate': 'Basic realm="test"' },
} as const;

/** What stands around a deploy: what it would change, its objects as files, the release elsewhere, what is left of it. */
describe('Commands around a deploy from the workbench', () => {
  let cluster: TestCluster;
  let base: string;
  /** The same registry for those who say who they are. */
  let guarded: FaultProxy;
  let folder: string;

  before(async () => {
    cluster = await startCluster({ programs: process.env['SLIPWAY_TEST_KUBERNETES'] ?? '' });
    base = await pushBase(cluster.registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    for (const name of [namespace, elsewhere]) await cluster.kubectl('create', 'namespace', name);
    const [host, port] = cluster.registry.host.split(':');
    guarded = await startFaultProxy(
      (options) => request({ host, port, ...options }),
      ({ authorization }) => (authorization === undefined ? unauthorized : pass),
    );
    const auths = { [guarded.host]: { auth: Buffer.from('ana:secret-of-ana').toString('base64') } };
    await writeFile(path.join(cluster.folder, 'config.json'), JSON.stringify({ auths }));
  });
  after(async () => {
    await guarded.stop();
    await cluster.stop();
  });

  const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(...args);
  const writeSettings = (registry: string): Promise<void> =>
    writeFile(
      path.join(folder, '.vscode', 'settings.json'),
      JSON.stringify({
        'slipway.registry': `${registry}/team`,
        'slipway.insecureRegistries': [cluster.registry.host, guarded.host],
        'slipway.baseImage': base,
      }),
    );
  const options = {
    prepare: async (projects: string): Promise<string> => {
      folder = await writeProject(projects, 'plain', plainProject());
      await mkdir(path.join(folder, '.vscode'));
      await writeSettings(cluster.registry.host);
      return folder;
    },
    env: () => ({ KUBECONFIG: cluster.kubeconfig, DOCKER_CONFIG: cluster.folder }),
  };

  story('what stands around a deploy', options, (step) => {
    step('shows what a first deploy would make, and makes nothing', async ({ page }) => {
      await openNotebook(page, 'nb.ipynb');
      await toolbarButton(page, /Deploy Model/).waitFor();
      await openContainer(page, /Slipway/);
      await runCommand(page, 'Slipway: Show Deploy Changes');
      await quickPickRow(page, 'kubernetes:testbed').click({ timeout: 30_000 });
      await quickPickRow(page, namespace).click({ timeout: 30_000 });
      await toast(page, /A deploy of plain would change \d objects\. Nothing was written/).waitFor({ timeout: 60_000 });
      await page.locator('.tab', { hasText: 'plain: now and after a deploy' }).waitFor();
      await clearToasts(page);
      await picture(page, 'deploy-changes-first');
      assert.equal(await kubectl('get', 'deployments,services,leases', '-n', namespace, '-o=name'), '');
      await closeAllEditors(page);
    });

    step('deploys the model', async ({ page }) => {
      await openNotebook(page, 'nb.ipynb');
      await toolbarButton(page, /Deploy Model/).click();
      await dialog(page).filter({ hasText: 'Execute nb.ipynb on this machine?' }).waitFor({ timeout: 60_000 });
      await answerDialog(page, 'Execute Notebook');
      await toast(page, /plain v1 answers at http/).waitFor({ timeout: 120_000 });
      await modelIs(page, 'plain', 'v1 · Ready · 1/1');
      await clearToasts(page);
    });

    step('shows what an edit would change', async ({ page }) => {
      await writeFile(path.join(folder, 'slipway.yaml'), 'replicas: 2\nexpose: { kind: nodePort }\n');
      await runCommand(page, 'Slipway: Show Deploy Changes');
      await toast(page, /A deploy of plain would change \d objects/).waitFor({ timeout: 60_000 });
      await clearToasts(page);
      const file = page.locator('.multiDiffEntry', { hasText: 'plain.yaml' });
      await file.first().waitFor();
      await picture(page, 'deploy-changes');
      assert.equal(await kubectl('get', 'configmap', 'plain.v2', '-n', namespace, '--ignore-not-found'), '');
      await closeAllEditors(page);
    });

    step('writes the objects of the model to a folder', async ({ page }) => {
      const to = path.join(folder, 'manifests');
      await mkdir(to);
      await chooseFromMenu(page, row(page, 'Model plain'), /Export Manifests/);
      await quickPickRow(page, 'manifests').click();
      await eventually('the folder is entered', 20, async () => (await inputBox(page).inputValue()).endsWith(`${to}/`));
      await picture(page, 'export-manifests');
      await page.locator('.quick-input-widget:visible').getByRole('button', { name: 'Export' }).click();
      await editorWith(page, 'kind: Deployment').waitFor();
      await picture(page, 'exported-manifests');
      assert.match(await readFile(path.join(to, 'service.yaml'), 'utf8'), /^apiVersion: v1\nkind: Service\n/);
      await closeAllEditors(page);
    });

    step('takes the release to another namespace, with the same image', async ({ page }) => {
      await expand(page, /^Model plain/);
      await expand(page, /^Releases/);
      await chooseFromMenu(page, row(page, /^v1, /), /Deploy Release to/);
      await quickPickRow(page, 'Another Namespace').waitFor();
      await picture(page, 'deploy-release-to');
      await quickPickRow(page, 'Another Namespace').click();
      await inputBox(page).fill(`kubernetes:testbed/${elsewhere}`);
      await inputBox(page).press('Enter');
      await toast(page, 'plain answers on testbed/elsewhere.').waitFor({ timeout: 60_000 });
      const image = '-o=jsonpath={.spec.template.spec.containers[0].image}';
      const [here, there] = await Promise.all(
        [namespace, elsewhere].map((one) => kubectl('get', 'deployment', 'plain', '-n', one, image)),
      );
      assert.equal(there, here);
      await picture(page, 'deployed-elsewhere');
      await clearToasts(page);
    });

    step('lists what was left half made, and removes it', async ({ page }) => {
      await kubectl('delete', 'deployment', 'plain', '-n', elsewhere);
      await runCommand(page, 'Slipway: Clean Up…');
      await quickPickRow(page, 'Its first deploy or its removal was cut off').waitFor({ timeout: 60_000 });
      await picture(page, 'clean-up');
      await page.locator('.quick-input-widget:visible').getByRole('button', { name: 'OK' }).click();
      const kinds = 'services,serviceaccounts,configmaps,leases';
      await eventually('nothing is left', 60, async () => {
        const left = await kubectl('get', kinds, '-n', elsewhere, '-l=app.kubernetes.io/name=plain', '-o=name');
        return left.trim() === '';
      });
      await clearToasts(page);
      await runCommand(page, 'Slipway: Clean Up…');
      await toast(page, 'Nothing is left to clean up.').waitFor({ timeout: 60_000 });
      await clearToasts(page);
    });

    step('finds a row of a long list by its name', async ({ page }) => {
      await expand(page, /^Cluster testbed/);
      const list = row(page, /^Namespaces/);
      const ask = async (): Promise<void> => {
        await list.hover({ timeout: 5000 });
        await list.getByRole('button', { name: 'Find' }).click({ timeout: 5000 });
        await quickPickRow(page, 'kube-system').waitFor({ timeout: 20_000 });
        await inputBox(page).fill('kube-sys', { timeout: 5000 });
        await inputBox(page).press('Enter', { timeout: 5000 });
      };
      // What takes the focus meanwhile closes the box.
      await eventually('the box takes a name', 90, () =>
        ask().then(
          () => true,
          () => false,
        ),
      );
      await eventually('it is chosen in the tree', 30, async () => {
        const found = row(page, /^kube-system/);
        return (await found.getAttribute('aria-selected', { timeout: 5000 }).catch(() => '')) === 'true';
      });
      await picture(page, 'found-row');
    });

    step('gives the nodes a credential after asking', async ({ page }) => {
      await writeSettings(guarded.host);
      await openNotebook(page, 'nb.ipynb');
      await toolbarButton(page, /Deploy Model/).click();
      await dialog(page).filter({ hasText: 'need a credential to pull' }).waitFor({ timeout: 60_000 });
      assert.match(await textOf(dialog(page)), /The credential of ana for 127\.0\.0\.1:\d+ would be kept as a secret/);
      await picture(page, 'create-pull-secret');
      await answerDialog(page, 'Create Pull Secret');
      await eventually('the secret is there', 30, async () => {
        const types = await kubectl('get', 'secrets', '-n', namespace, '-o=jsonpath={.items[*].type}');
        return types.includes('kubernetes.io/dockerconfigjson');
      });
      await toast(page, /Deploying nb\.ipynb: .*The image cannot be pulled/).waitFor({ timeout: 60_000 });
      await picture(page, 'rollout-progress');
      await toast(page, 'Deploying nb.ipynb').getByRole('button', { name: 'Cancel' }).click();
      await toast(page, 'Deploying nb.ipynb').waitFor({ state: 'detached', timeout: 60_000 });
      await modelIs(page, 'plain', 'v1 · Ready · 1/1');
    });
  });
});
