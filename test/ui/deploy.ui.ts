import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../support/eventually';
import { openFile, runCommand } from '../testbed/vscode/workbench';
import { endpointOf, isGone, logShows, modelIs, predictIris, startedBy, workingFor } from './support/model';
import { cellWith, openNotebook, outputShows, rewriteCell, toolbarButton } from './support/notebook';
import { copyExample } from './support/stage';
import { story } from './support/story';
import {
  answerDialog,
  answerFromMenu,
  chooseFromMenu,
  clearToasts,
  closeAllEditors,
  comesTrue,
  dialog,
  editorWith,
  expand,
  inputBox,
  notifications,
  openContainer,
  picture,
  quickPickRow,
  row,
  textOf,
  toast,
} from './support/window';

const deploySeconds = 240;
const v1 = ['setosa', 'versicolor', 'virginica'];
const v2 = ['Setosa', 'Versicolor', 'Virginica'];
const untouched = 'species = list(iris.target_names)';
const raising = 'species = list(iris.target_name)';
const titled = 'species = [name.title() for name in iris.target_names]';

story('from an open notebook to an endpoint', { prepare: (projects) => copyExample(projects, 'iris') }, (step) => {
  let endpoint = '';

  step('starts without a notification and without a process', async ({ page, home, root }) => {
    await page
      .locator('.explorer-folders-view')
      .getByRole('treeitem', { name: /iris\.ipynb/ })
      .waitFor();
    assert.deepEqual(await readdir(home), ['cache']);
    await openContainer(page, 'Slipway');
    await page.locator('.welcome-view-content', { hasText: 'No model is deployed yet' }).waitFor();
    assert.deepEqual(await notifications(page), []);
    assert.deepEqual(startedBy(root), []);
    await picture(page, 'welcome');
  });

  step('has the views Models and Clusters in a container of its own', async ({ page }) => {
    const panes = page.locator('.sidebar .pane-header');
    await panes.filter({ hasText: 'Models' }).waitFor();
    await panes.filter({ hasText: 'Clusters' }).waitFor();
  });

  step('asks before the notebook is executed', async ({ page }) => {
    await openNotebook(page, 'iris.ipynb');
    await toolbarButton(page, /Deploy Model/).click();
    await dialog(page).filter({ hasText: 'Execute iris.ipynb on this machine?' }).waitFor({ timeout: 90_000 });
    assert.match(await textOf(dialog(page)), /6 code cells are executed from top to bottom/);
    await picture(page, 'consent');
    await answerDialog(page, 'Execute Notebook');
  });

  step(
    'shows progress and ends with an endpoint',
    async ({ page }) => {
      const progress = toast(page, 'Deploying iris');
      await progress.waitFor();
      await progress.filter({ hasText: /Executing cell/ }).waitFor({ timeout: 120_000 });
      await picture(page, 'progress');
      await toast(page, /iris v1 answers at http:\/\/127\.0\.0\.1:\d+/).waitFor({ timeout: 120_000 });
      await modelIs(page, 'iris', 'v1 · Ready · 1/1');
    },
    deploySeconds,
  );

  step('shows the model with endpoint, replicas and releases', async ({ page }) => {
    endpoint = await endpointOf(page);
    await expand(page, /^Replicas/);
    await expand(page, /^Releases/);
    await row(page, /^v1\/0, Ready · pid \d+/).waitFor();
    await row(page, /^v1, Ready · /).waitFor();
    await page.locator('.statusbar-item', { hasText: 'iris: Ready' }).waitFor();
    assert.deepEqual(await predictIris(endpoint), v1);
    await logShows(page, 'POST /invocations 200');
    await clearToasts(page);
    await picture(page, 'deployed');
  });

  step('sends a test prediction and follows its line in the log', async ({ page }) => {
    await chooseFromMenu(page, row(page, 'Model iris'), 'Test Prediction');
    await editorWith(page, 'dataframe_').waitFor();
    await page.locator('.codelens-decoration a', { hasText: 'Send to iris v1' }).click();
    await editorWith(page, 'iris v1 answered in').waitFor();
    assert.match(await textOf(editorWith(page, 'answered in')), /versicolor/);
    await logShows(page, 'POST /invocations 200', 2);
    await picture(page, 'test-prediction');
  });

  step('keeps a request with its answer as a regression check', async ({ page, projects }) => {
    await page.locator('.codelens-decoration a', { hasText: 'Save as Regression Check' }).click();
    await inputBox(page).press('Enter');
    const file = path.join(projects, 'iris', 'checks', 'iris-1.json');
    await editorWith(page, '"request"').waitFor();
    const check = JSON.parse(await readFile(file, 'utf8')) as { readonly expected: unknown };
    assert.deepEqual(check.expected, v1);
    await closeAllEditors(page);
  });

  step('shows the plan of the next deploy', async ({ page }) => {
    await openNotebook(page, 'iris.ipynb');
    await runCommand(page, 'Slipway: Show Plan');
    const plan = editorWith(page, 'Plan for iris on local');
    await plan.waitFor({ timeout: 60_000 });
    assert.match(await textOf(plan), /skipped, the result of the last training is used/);
    await picture(page, 'plan');
  });

  step(
    'stops at a cell that raises, opens it, and the old release answers',
    async ({ page }) => {
      await openNotebook(page, 'iris.ipynb');
      await rewriteCell(page, untouched, raising);
      await openFile(page, 'requirements.txt');
      await openContainer(page, /^Explorer/);
      await chooseFromMenu(page, row(page, /^iris\.ipynb/), 'Deploy Model');
      await toast(page, 'The cell raised AttributeError: target_name').waitFor({ timeout: 120_000 });
      const cell = await cellWith(page, raising);
      await cell.locator('.squiggly-error').first().waitFor();
      await page
        .locator('.panel')
        .getByRole('tab', { name: /^Problems/ })
        .click();
      await page
        .locator('.markers-panel')
        .getByRole('treeitem', { name: /AttributeError: target_name/ })
        .waitFor();
      await picture(page, 'failed-cell');
      assert.deepEqual(await predictIris(endpoint), v1);
      await openContainer(page, 'Slipway');
      await modelIs(page, 'iris', 'v1 · Ready · 1/1');
    },
    deploySeconds,
  );

  step(
    'deploys the repaired notebook as v2 behind the same address',
    async ({ page }) => {
      await clearToasts(page);
      await rewriteCell(page, raising, titled);
      await page
        .locator('.editor-actions')
        .getByRole('button', { name: /Deploy Model/ })
        .first()
        .click();
      await toast(page, 'iris v2 answers at').waitFor({ timeout: 180_000 });
      await modelIs(page, 'iris', 'v2 · Ready · 1/1');
      assert.equal(await endpointOf(page), endpoint);
      assert.deepEqual(await predictIris(endpoint), v2);
      assert.equal(await page.locator('.squiggly-error').count(), 0);
      await clearToasts(page);
    },
    deploySeconds,
  );

  step('rolls back to v1', async ({ page }) => {
    await answerFromMenu(page, row(page, 'Model iris'), /Roll Back/, () =>
      quickPickRow(page, 'v1').click({ timeout: 5000 }),
    );
    await toast(page, 'iris answers with v1 again').waitFor({ timeout: 90_000 });
    await modelIs(page, 'iris', 'v1 · Ready · 1/1');
    assert.deepEqual(await predictIris(endpoint), v1);
    await row(page, /^v2, Kept · /).waitFor();
    await clearToasts(page);
  });

  step('scales to two replicas', async ({ page }) => {
    await answerFromMenu(page, row(page, 'Model iris'), /Scale/, () => inputBox(page).fill('2', { timeout: 5000 }));
    await inputBox(page).press('Enter');
    await modelIs(page, 'iris', 'v1 · Ready · 2/2', 90);
    await row(page, /^v1\/0, Ready/).waitFor();
    await row(page, /^v1\/1, Ready/).waitFor();
  });

  step('shows this machine with its load and the processes of the model', async ({ page }) => {
    await expand(page, /^Cluster /);
    await expand(page, /CPU \d+ % of \d+ · memory \S+ \S+ of /);
    await eventually(
      'two processes are listed',
      30,
      async () => (await page.getByRole('treeitem', { name: /^Process .*Ready · pid \d+/ }).count()) === 2,
    );
    await picture(page, 'clusters');
  });

  step(
    'stops and starts',
    async ({ page }) => {
      await chooseFromMenu(page, row(page, 'Model iris'), /^Stop/);
      await page.getByRole('treeitem', { name: /^Model iris, v1 · Stopped/ }).waitFor({ timeout: 60_000 });
      assert.ok(await isGone(endpoint));
      await chooseFromMenu(page, row(page, 'Model iris'), /^Start/);
      await modelIs(page, 'iris', 'v1 · Ready · 2/2', 90);
      assert.deepEqual(await predictIris(endpoint), v1);
    },
    180,
  );

  step('finds everything again after the window was reloaded', async ({ page }) => {
    await page.reload();
    await modelIs(page, 'iris', 'v1 · Ready · 2/2', 60);
    assert.equal(await endpointOf(page), endpoint);
    assert.deepEqual(await predictIris(endpoint), v1);
    await chooseFromMenu(page, row(page, 'Model iris'), 'Follow Logs');
    await logShows(page, 'has taken over');
    await logShows(page, 'POST /invocations 200');
  });

  step('opens the notebook as it was executed', async ({ page }) => {
    await chooseFromMenu(page, row(page, 'Model iris'), 'Show Executed Notebook');
    await page.locator('.tab.active', { hasText: 'executed.ipynb' }).waitFor();
    await outputShows(page, 'accuracy on unseen flowers');
    await picture(page, 'executed-notebook');
    await closeAllEditors(page);
  });

  step('lists what takes space', async ({ page }) => {
    await runCommand(page, 'Slipway: Free Space');
    await quickPickRow(page, 'iris v1').waitFor();
    await quickPickRow(page, /\d (MB|GB)/).waitFor({ timeout: 60_000 });
    await picture(page, 'free-space');
    await page.keyboard.press('Escape');
  });

  step(
    'takes the folder that was right-clicked in a workspace of several',
    async ({ page, projects, open }) => {
      const deliveries = await copyExample(projects, 'deliveries');
      const workspace = path.join(projects, 'both.code-workspace');
      await writeFile(workspace, JSON.stringify({ folders: [{ path: 'iris' }, { path: 'deliveries' }] }));
      // A window that starts may take the workspace for one without folders; loaded again, it has them.
      await eventually('the workspace has its folders', 90, async () => {
        await open(workspace);
        await openContainer(page, /^Explorer/);
        return comesTrue(row(page, /^deliveries/).waitFor({ timeout: 20_000 }));
      });
      await chooseFromMenu(page, row(page, /^deliveries/), 'Deploy Model');
      await dialog(page).filter({ hasText: 'Execute deliveries.ipynb on this machine?' }).waitFor({ timeout: 90_000 });
      assert.ok((await textOf(dialog(page))).includes(deliveries));
      await picture(page, 'multi-root');
      await answerDialog(page, 'Cancel');
      await toast(page, 'Deploying').waitFor({ state: 'detached' });
    },
    240,
  );

  step('removes the model after a question and leaves no process', async ({ page, home, root }) => {
    await openContainer(page, 'Slipway');
    await chooseFromMenu(page, row(page, 'Model iris'), /^Remove/);
    await dialog(page).filter({ hasText: 'Remove the model iris' }).waitFor();
    await picture(page, 'remove');
    await answerDialog(page, 'Remove');
    await page.locator('.welcome-view-content', { hasText: 'No model is deployed yet' }).waitFor();
    assert.ok(await isGone(endpoint));
    await eventually('every process has ended', 20, () => workingFor(root).length === 0);
    assert.equal(existsSync(path.join(home, 'models', 'iris')), false);
  });
});
