import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { writeObjects } from './explorerObjects';
import { pushBase } from '../testbed/docker/baseImage';
import { startCluster, type TestCluster } from '../testbed/kubernetes/cluster';
import { logShows } from '../ui/support/model';
import { story } from '../ui/support/story';
import {
  answerDialog,
  chooseFromMenu,
  clearToasts,
  collapse,
  expand,
  isThere,
  openContainer,
  picture,
  row,
  textOf,
  toast,
  widenSidebar,
  turnPane,
} from '../ui/support/window';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';
const archive = process.env['SLIPWAY_TEST_BASE'] ?? '';

describe('The cluster explorer in the workbench', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await startCluster({ programs, metrics: true });
    const image = await pushBase(cluster.registry.host, archive);
    await cluster.kubectl('apply', '-f', await writeObjects(cluster.folder, image));
    await cluster.kubectl('--namespace=team', 'rollout', 'status', 'deployment/web', '--timeout=120s');
    await brokenKubeconfig(cluster.folder);
  });
  after(() => cluster.stop());

  const options = {
    prepare: async (projects: string): Promise<string> => {
      const folder = path.join(projects, 'project');
      await mkdir(folder);
      await writeFile(path.join(folder, 'readme.txt'), 'Nothing to deploy here.');
      return folder;
    },
    env: () => ({ KUBECONFIG: [cluster.kubeconfig, brokenFile(cluster.folder)].join(path.delimiter) }),
  };

  story('a cluster', options, (step) => {
    step('shows every context, and an entry that is broken in its place', async ({ page }) => {
      await openContainer(page, /Slipway/);
      await turnPane(page, 'Models', false);
      await widenSidebar(page);
      await row(page, /^Cluster testbed/).waitFor();
      await row(page, /^gone, Its cluster nowhere is not defined\./).waitFor();
      await collapse(page, /^Cluster This Machine/);
      await expand(page, /^Cluster testbed/);
      await expand(page, /^Deployed Models/);
      await row(page, /^team\/iris, release 3 · 0 of 0 ready/).waitFor();
      await collapse(page, /^Deployed Models/);
      await expand(page, /^Control Plane/);
      await row(page, /^Kubernetes, v1\./).waitFor();
      await row(page, /^Checks, \d+ of \d+ passed/).waitFor();
      await collapse(page, /^Control Plane/);
    });

    step('shows a node with what it uses, what is asked of it, and its pods', async ({ page }) => {
      await expand(page, /^Nodes/);
      await eventually('metrics are shown', 60, async () => /CPU \d+ % of/.test(await textOf(row(page, /^node-1/))));
      await expand(page, /^node-1/);
      await row(page, /^Requested, CPU 0\.1 of/).waitFor();
      await row(page, /^web-.*, Running · 1\/1/).waitFor();
      await picture(page, 'cluster-node');
      await collapse(page, /^Nodes/);
    });

    step('says why a pod does not run, in the cluster’s words', async ({ page }) => {
      await expand(page, /^Namespaces/);
      await expand(page, /^team/);
      await row(page, /^web, Deployment · 2 of 2 ready/).waitFor();
      await row(page, /^starved, Deployment · 0 of 1 ready · .*exceeded quota/).waitFor();
      await expand(page, /^Pods/);
      await row(page, /^needs-gpu, Unschedulable · 0\/1 · .*Insufficient nvidia\.com\/gpu/).waitFor();
      await eventually('the pull has failed', 60, () =>
        isThere(page, /^bad-image, (ErrImagePull|ImagePullBackOff) · 0\/1 · .*not.found/i),
      );
      await eventually('the crash is seen', 90, () =>
        isThere(page, /^crashes, CrashLoopBackOff · 0\/1 · \d restarts?/),
      );
      await expand(page, /^needs-gpu/);
      await row(page, /^FailedScheduling, Pod\/team\/needs-gpu/).waitFor();
      await picture(page, 'why-pending');
      await collapse(page, /^Pods/);
    });

    step('applies an edit after a trial, and names who owns a field', async ({ page }) => {
      await chooseFromMenu(page, row(page, /^web, Deployment/), 'View YAML');
      const text = await editorText(page);
      assert.match(text, /^apiVersion: apps\/v1\nkind: Deployment\n/);
      assert.doesNotMatch(text, /managedFields/);
      await writeEditor(page, text.replace('\nmetadata:\n', '\nmetadata:\n  labels:\n    team: blue\n'));
      await page.keyboard.press('Control+s');
      await toast(page, /Apply the change to testbed › team › Deployment web\?/).waitFor();
      await page
        .getByRole('tab', { name: /web\.yaml.*Now and After/ })
        .or(page.locator('.tab', { hasText: 'Now and After' }))
        .first()
        .waitFor();
      await toast(page, /Apply the change/)
        .getByRole('button', { name: 'Apply', exact: true })
        .click();
      await eventually('it is applied', 20, async () => (await field(cluster, '{.metadata.labels.team}')) === 'blue');
      await clearToasts(page);

      await ownReplicas(cluster);
      await page.keyboard.press('Control+w');
      await chooseFromMenu(page, row(page, /^web, Deployment/), 'View YAML');
      await eventually('the text is read again', 20, async () => (await editorText(page)).includes('team: blue'));
      await writeEditor(page, (await editorText(page)).replace('replicas: 2\n', 'replicas: 3\n'));
      await page.keyboard.press('Control+s');
      await page.locator('.monaco-dialog-box', { hasText: 'conflict with "ci"' }).waitFor();
      await picture(page, 'yaml-conflict');
      await answerDialog(page, 'Cancel');
      assert.equal(await field(cluster, '{.spec.replicas}'), '2');
      await clearToasts(page);
    });

    step('names who puts an edit back, before it is applied', async ({ page }) => {
      const web = ['--namespace=team', 'label', 'deployment/web'];
      await cluster.kubectl(...web, 'argocd.argoproj.io/instance=shop', '--field-manager=argocd-controller');
      await closeEditors(page);
      await chooseFromMenu(page, row(page, /^web, Deployment/), 'View YAML');
      await eventually('the text is read again', 20, async () => (await editorText(page)).includes('instance: shop'));
      await writeEditor(page, (await editorText(page)).replace('team: blue', 'team: red'));
      await page.keyboard.press('Control+s');
      const asked = page.locator('.monaco-dialog-box', { hasText: 'Apply the change' });
      await asked.waitFor();
      assert.match(
        (await asked.innerText()).replaceAll('\u00a0', ' '),
        /Argo CD \(shop\) looks after it, and puts it back/,
      );
      await picture(page, 'looked-after');
      await answerDialog(page, 'Cancel');
      assert.equal(await field(cluster, '{.metadata.labels.team}'), 'blue');
      await cluster.kubectl(...web, 'argocd.argoproj.io/instance-');
      await clearToasts(page);
    });

    step('follows the log of a pod', async ({ page }) => {
      await closeEditors(page);
      await expand(page, /^web, Deployment/);
      await chooseFromMenu(page, row(page, /^web-.*, Running/), 'Follow Logs');
      await logShows(page, 'Serving HTTP on 0.0.0.0 port 8080');
      await page.keyboard.press('Control+j');
    });

    step('opens a shell in a container, and ends with it', async ({ page }) => {
      const pod = row(page, /^web-.*, Running/);
      await chooseFromMenu(page, pod, 'Open Shell');
      const terminal = page.locator('.xterm-helper-textarea').last();
      await terminal.focus();
      await page.keyboard.type('echo "$((6*7)) columns: $(stty size)"\n');
      await eventually('the shell answers', 30, async () => /42 columns: \d+ \d+/.test(await terminalText(page)));
      await picture(page, 'shell');
      await page.keyboard.type('exit 3\n');
      await eventually('its end is told', 20, async () =>
        (await terminalText(page)).includes('ended with exit code 3'),
      );
      await page.keyboard.press('Control+j');
    });

    step('keeps a forwarded port when its pod is replaced', async ({ page }) => {
      await chooseFromMenu(page, row(page, /^web, Deployment/), /Forward Port/);
      const told = toast(page, /leads to web:8080/);
      await told.waitFor();
      const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(await textOf(told)) ?? [];
      await clearToasts(page);
      assert.equal((await fetch(url)).status, 200);
      await row(page, /^web:8080, Active/).waitFor();
      await cluster.kubectl('--namespace=team', 'delete', 'pods', '--selector=app=web', '--wait=false');
      await eventually('the port leads nowhere, and says so', 30, async () => !(await answers(url)));
      await cluster.kubectl('--namespace=team', 'rollout', 'status', 'deployment/web', '--timeout=60s');
      await eventually('the same port answers again', 5, () => answers(url));
      await row(page, /^web:8080, Active/).waitFor();
      await picture(page, 'forward');
      await chooseFromMenu(page, row(page, /^web:8080/), 'Stop Forwarding');
      await eventually('the port is closed', 10, async () => !(await answers(url)));
    });

    step('asks before it deletes, with the place and who looks after it', async ({ page }) => {
      await chooseFromMenu(page, row(page, /^web-.*, Running/), 'Delete');
      const dialog = page.locator('.monaco-dialog-box');
      await dialog.waitFor();
      const text = (await dialog.innerText()).replaceAll('\u00a0', ' ');
      assert.match(text, /testbed › team › Pod web-/);
      assert.match(text, /ReplicaSet web-\S+ looks after it/);
      await answerDialog(page, 'Cancel');
      await expand(page, /^Pods/);
      await chooseFromMenu(page, row(page, /^needs-gpu,/), 'Delete');
      await answerDialog(page, 'Delete');
      await row(page, /^needs-gpu,/).waitFor({ state: 'detached' });
    });

    step('marks what is old while the API server is away, and is right again by itself', async ({ page }) => {
      await cluster.restartApiserver(async () => {
        await row(page, /^Old since/).waitFor();
      });
      await row(page, /^Old since/).waitFor({ state: 'detached', timeout: 15_000 });
      await cluster.kubectl('--namespace=team', 'delete', 'pod', 'bad-image', '--wait=false');
      await row(page, /^bad-image,/).waitFor({ state: 'detached' });
    });
  });
});

function brokenFile(folder: string): string {
  return path.join(folder, 'broken.kubeconfig');
}

async function brokenKubeconfig(folder: string): Promise<void> {
  const contexts = [{ name: 'gone', context: { cluster: 'nowhere', user: 'nobody' } }];
  await writeFile(brokenFile(folder), JSON.stringify({ apiVersion: 'v1', kind: 'Config', contexts }));
}

/** Somebody else decides about the number of replicas. */
async function ownReplicas(cluster: TestCluster): Promise<void> {
  const file = path.join(cluster.folder, 'replicas.json');
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'team' },
    spec: { replicas: 2 },
  };
  await writeFile(file, JSON.stringify(manifest));
  await cluster.kubectl('apply', '--server-side', '--field-manager=ci', '--force-conflicts', '-f', file);
}

function field(cluster: TestCluster, jsonPath: string): Promise<string> {
  return cluster.kubectl('--namespace=team', 'get', 'deployment', 'web', `-o=jsonpath=${jsonPath}`);
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return response?.status === 200;
}

/** What the terminal shows, as a screen reader gets it. */
async function terminalText(page: Page): Promise<string> {
  const lines = await page.locator('.xterm-accessibility-tree, .xterm-rows').last().innerText();
  return lines.replaceAll('\u00a0', ' ');
}

async function closeEditors(page: Page): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.keyboard.press('w');
  const dontSave = page.locator('.monaco-dialog-box').getByRole('button', { name: /Don.t Save/ });
  await dontSave.click({ timeout: 3000 }).catch(() => undefined);
}

/** All of the text of the editor that is shown: only its visible lines are in the page. */
async function editorText(page: Page): Promise<string> {
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await page.keyboard.press('ArrowUp');
  return page.evaluate('navigator.clipboard.readText()');
}

async function writeEditor(page: Page, text: string): Promise<void> {
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+a');
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.keyboard.press('Control+v');
}
