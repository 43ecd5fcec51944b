import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { pushSmallBase } from '../testbed/docker/smallBase';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { findProgram } from '../testbed/program';
import { runCommand } from '../testbed/vscode/workbench';
import { closedPort } from '../support/ports';
import { workingFor } from './support/model';
import { openNotebook, toolbarButton } from './support/notebook';
import { copyExample, logTail } from './support/stage';
import { story } from './support/story';
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
  turnPane,
} from './support/window';

const buildSeconds = 300;

/** The editor copies a moment after the click. */
async function clipboardHolds(page: Page, text: string): Promise<void> {
  await eventually(
    `the clipboard holds ${text}`,
    20,
    async () => (await page.evaluate('navigator.clipboard.readText()')) === text,
  );
}

/** `ana`, `correct horse` */
const users = 'ana:$2b$05$..VeWuUG01NCI9/Zz8kO7.3Yi9diiF7gqr1GtddRUW/v3C6LVBoE6\n';

const missing = findProgram('docker-registry') === undefined ? 'docker-registry is not installed' : false;

describe('images', { skip: missing }, () => {
  let registry: TestRegistry;
  let guarded: TestRegistry;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slw-users-'));
    const file = path.join(folder, 'htpasswd');
    await writeFile(file, users);
    registry = await startRegistry();
    guarded = await startRegistry({ auth: `{htpasswd: {realm: test, path: ${file}}}` });
  });
  after(async () => {
    await registry.stop();
    await guarded.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The project, with the registries and a base image in the settings of the workspace. */
  async function prepare(projects: string): Promise<string> {
    await copyExample(projects, 'iris');
    const base = await pushSmallBase(registry.host);
    const settings = { 'slipway.insecureRegistries': [registry.host, guarded.host], 'slipway.baseImage': base };
    await mkdir(path.join(projects, '.vscode'));
    await writeFile(path.join(projects, '.vscode', 'settings.json'), JSON.stringify(settings));
    return projects;
  }

  /** Tags of the repository; none before the first push. */
  async function tags(): Promise<readonly string[]> {
    const answer = await fetch(`http://${registry.host}/v2/team/iris/tags/list`);
    return answer.status === 404 ? [] : (((await answer.json()) as { tags: readonly string[] | null }).tags ?? []);
  }

  story('from a folder to an image in a registry', { prepare }, (step) => {
    step('asks for a registry, checks it, and asks before the notebook is executed', async ({ page }) => {
      await openContainer(page, /^Explorer/);
      await chooseFromMenu(page, row(page, /^iris/), 'Containerize');
      await quickPickRow(page, 'Archive for docker load').waitFor({ timeout: 60_000 });
      await picture(page, 'choose-registry');
      await quickPickRow(page, 'Enter Address').click();
      await inputBox(page).fill(`${registry.host}/team`);
      await inputBox(page).press('Enter');
      await dialog(page).filter({ hasText: 'Execute iris.ipynb on this machine?' }).waitFor({ timeout: 90_000 });
      await answerDialog(page, 'Execute Notebook');
    });

    step(
      'shows progress and ends with the digest',
      async ({ page }) => {
        const progress = toast(page, 'Containerizing iris');
        await progress.waitFor();
        await progress.filter({ hasText: /MB pushed, \d/ }).waitFor({ timeout: 200_000 });
        await picture(page, 'containerize-progress');
        const done = toast(page, /iris was pushed as 127\.0\.0\.1:\d+\/team\/iris@sha256:[0-9a-f]{64}/);
        await done.waitFor({ timeout: 120_000 });
        await picture(page, 'containerize');
        const shown = /sha256:[0-9a-f]{64}/.exec(await textOf(done))?.[0] ?? '';
        await done.getByRole('button', { name: 'Copy Digest' }).click();
        await clipboardHolds(page, shown);
        const answer = await fetch(`http://${registry.host}/v2/team/iris/manifests/${shown}`, {
          headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
        });
        assert.equal(answer.status, 200);
      },
      buildSeconds,
    );

    step('shows the plan of the image', async ({ page }) => {
      await clearToasts(page);
      await openNotebook(page, 'iris.ipynb');
      await runCommand(page, 'Slipway: Show Image Plan');
      const plan = editorWith(page, 'Image of iris for');
      await plan.waitFor({ timeout: 90_000 });
      assert.match(await textOf(plan), /scikit-learn/);
      await picture(page, 'image-plan');
      await closeAllEditors(page);
    });

    step('shows registry, repository, tag and layers in the Registries view', async ({ page }) => {
      await openContainer(page, 'Slipway');
      await turnPane(page, 'Registries', true);
      for (const other of ['Models', 'Clusters']) await turnPane(page, other, false);
      await expand(page, `Registry ${registry.host}`);
      await expand(page, /^Repository team\/iris/);
      await expand(page, /^Tag slipway-[0-9a-f]{12}, [0-9a-f]{12} · /);
      await row(page, /^Layer packages /).waitFor();
      assert.equal(await page.getByRole('treeitem', { name: /^Repository base\// }).count(), 0);
      await picture(page, 'registries');
    });

    step('copies what a pull takes', async ({ page }) => {
      const [tag = ''] = await tags();
      const answer = await fetch(`http://${registry.host}/v2/team/iris/manifests/${tag}`, {
        method: 'HEAD',
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      const digest = answer.headers.get('docker-content-digest') ?? '';
      await chooseFromMenu(page, row(page, /^Tag slipway-/), 'Copy Pull Reference');
      await clipboardHolds(page, `${registry.host}/team/iris@${digest}`);
    });

    step('deletes a tag after a question', async ({ page }) => {
      await chooseFromMenu(page, row(page, /^Tag slipway-/), /^Delete Tag/);
      await dialog(page).filter({ hasText: 'Delete the tag' }).waitFor();
      await picture(page, 'delete-tag');
      await answerDialog(page, 'Delete Tag');
      await row(page, /^Tag slipway-/).waitFor({ state: 'detached' });
      await row(page, /^No images of Slipway/).waitFor();
      assert.deepEqual(await tags(), []);
    });

    step(
      'refuses a second one of the same project, and leaves nothing behind when the window is reloaded',
      async ({ page, projects, root }) => {
        const notebook = path.join(projects, 'iris', 'iris.ipynb');
        const text = await readFile(notebook, 'utf8');
        const slow = text.replace('species = list', 'import time; time.sleep(20)\\nspecies = list');
        assert.notEqual(slow, text);
        await writeFile(notebook, slow);
        await openNotebook(page, 'iris.ipynb');
        await runCommand(page, 'Slipway: Containerize');
        await toast(page, /Executing cell/).waitFor({ timeout: 90_000 });
        await runCommand(page, 'Slipway: Containerize');
        await toast(page, 'iris is being containerized already').waitFor();
        await page.reload();
        await eventually('nothing that it started runs', 60, () => workingFor(root).length === 0);
        assert.deepEqual(await tags(), []);
        await writeFile(notebook, text);
      },
      180,
    );

    step(
      'works again after the reload, and asks nothing',
      async ({ page }) => {
        // A window that is reloaded soon after a notebook was opened may come up without it.
        await row(page, `Registry ${registry.host}`).waitFor({ timeout: 60_000 });
        await openNotebook(page, 'iris.ipynb');
        // The palette of a window that has just come up lacks what needs trust; the toolbar fills in later.
        await toolbarButton(page, /Containerize/).click({ timeout: 60_000 });
        await toast(page, /iris was pushed as/).waitFor({ timeout: 120_000 });
        assert.equal((await tags()).length, 1);
        await clearToasts(page);
      },
      180,
    );

    step('says how a registry without encryption is allowed', async ({ page }) => {
      await runCommand(page, 'Slipway: Choose Registry');
      await quickPickRow(page, 'Enter Address').click();
      await inputBox(page).fill(`127.0.0.1:${await closedPort()}`);
      await inputBox(page).press('Enter');
      const refused = toast(page, /could not be reached/);
      await refused.getByRole('button', { name: 'Allow Without Encryption' }).waitFor({ timeout: 60_000 });
      await clearToasts(page);
    });

    step('asks for a password until the registry accepts one, and keeps it secret', async ({ page, root }) => {
      await runCommand(page, 'Slipway: Choose Registry');
      await quickPickRow(page, `${registry.host}/team`).waitFor();
      await quickPickRow(page, 'Enter Address').click();
      await inputBox(page).fill(guarded.host);
      await inputBox(page).press('Enter');
      await typeLogin(page, 'ana', 'wrong horse');
      await page.locator('.quick-input-widget', { hasText: 'does not accept the credentials' }).waitFor();
      await picture(page, 'registry-login');
      await typeLogin(page, 'ana', 'correct horse');
      await toast(page, `Images of this workspace go to ${guarded.host}`).waitFor({ timeout: 60_000 });
      await clearToasts(page);
      assert.doesNotMatch(await logTail(root), /(wrong|correct) horse/);
    });

    step('pushes with the password that was typed, and forgets it when told', async ({ page }) => {
      await runCommand(page, 'Slipway: Containerize');
      const done = toast(page, /iris was pushed as/);
      await done.waitFor({ timeout: 120_000 });
      assert.ok((await textOf(done)).includes(guarded.host));
      await clearToasts(page);
      await runCommand(page, 'Slipway: Forget Registry Credentials');
      await quickPickRow(page, guarded.host).click();
      await toast(page, `The credentials for ${guarded.host} were deleted`).waitFor();
      await clearToasts(page);
      await runCommand(page, 'Slipway: Containerize');
      await page.locator('.quick-input-widget', { hasText: `Log In to ${guarded.host}` }).waitFor({ timeout: 60_000 });
      await page.keyboard.press('Escape');
    });

    step('logs in to a registry of the view, and reads it with what was typed', async ({ page }) => {
      await chooseFromMenu(page, row(page, `Registry ${guarded.host}`), 'Log In to Registry');
      await typeLogin(page, 'ana', 'wrong horse');
      await page.locator('.quick-input-widget', { hasText: 'does not accept the credentials' }).waitFor();
      await typeLogin(page, 'ana', 'correct horse');
      await toast(page, `${guarded.host} accepts the credentials`).waitFor({ timeout: 60_000 });
      await clearToasts(page);
      await expand(page, `Registry ${guarded.host}`);
      await expand(page, /^Repository iris/);
      const tag = row(page, /^Tag slipway-[0-9a-f]{12}/).last();
      await chooseFromMenu(page, tag, 'Open Release');
      await toast(page, 'No model that this machine knows has a release of the image').waitFor({ timeout: 60_000 });
      await clearToasts(page);
    });

    step('writes an archive where there is no registry', async ({ page, projects }) => {
      await runCommand(page, 'Slipway: Choose Registry');
      await quickPickRow(page, 'Archive for docker load').click();
      await toast(page, 'Images of this workspace go to an archive for docker load').waitFor();
      await clearToasts(page);
      await runCommand(page, 'Slipway: Containerize');
      await eventually('the name of the file is proposed', 30, async () =>
        (
          await inputBox(page)
            .inputValue({ timeout: 2000 })
            .catch(() => '')
        ).endsWith('iris.tar'),
      );
      await inputBox(page).press('Enter');
      await toast(page, 'The image of iris was written to').waitFor({ timeout: 90_000 });
      const { size } = await stat(path.join(projects, 'iris.tar'));
      assert.ok(size > 1_000_000, String(size));
    });
  });
});

/** Answers both boxes of a log-in. */
async function typeLogin(page: Page, name: string, password: string): Promise<void> {
  const box = page.locator('.quick-input-widget:visible');
  await box.filter({ hasText: 'Enter the user name' }).waitFor({ timeout: 60_000 });
  await inputBox(page).fill(name);
  await inputBox(page).press('Enter');
  await box.filter({ hasText: 'Enter the password or access token' }).waitFor();
  await inputBox(page).fill(password);
  await inputBox(page).press('Enter');
}
