import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Page } from 'playwright-core';
import { plainProject } from '../support/plainProject';
import { pushSmallBase } from '../testbed/docker/smallBase';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { findProgram } from '../testbed/program';
import { runCommand } from '../testbed/vscode/workbench';
import { openNotebook } from './support/notebook';
import { writeProject } from './support/stage';
import { story } from './support/story';
import {
  answerDialog,
  chooseFromMenu,
  clearToasts,
  expand,
  openContainer,
  picture,
  quickPickRow,
  row,
  toast,
  turnPane,
} from './support/window';

const python = '3.11';
const missing = findProgram('docker-registry') === undefined ? 'docker-registry is not installed' : false;

describe('releases of images', { skip: missing }, () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
  });
  after(async () => {
    await registry.stop();
  });

  async function prepare(projects: string): Promise<string> {
    await writeProject(projects, 'double', plainProject([], { 'slipway.yaml': `python: "${python}"\n` }));
    const base = await pushSmallBase(registry.host, { minor: python });
    const settings = {
      'slipway.insecureRegistries': [registry.host],
      'slipway.baseImage': base,
      'slipway.registry': `${registry.host}/team`,
    };
    await mkdir(path.join(projects, '.vscode'));
    await writeFile(path.join(projects, '.vscode', 'settings.json'), JSON.stringify(settings));
    return projects;
  }

  story('from an image in a registry to its release on this machine', { prepare }, (step) => {
    step('containerizes a project', async ({ page }) => {
      await openNotebook(page, 'nb.ipynb');
      await runCommand(page, 'Slipway: Containerize');
      await answerDialog(page, 'Execute Notebook');
      await toast(page, 'double was pushed as').waitFor({ timeout: 90_000 });
      await clearToasts(page);
    });

    step('finds no release before there is one', async ({ page }) => {
      await openContainer(page, 'Slipway');
      await turnPane(page, 'Registries', true);
      await turnPane(page, 'Clusters', false);
      await expand(page, `Registry ${registry.host}`);
      await expand(page, /^Repository team\/double/);
      await openRelease(page);
      await toast(page, 'No model that this machine knows has a release of the image').waitFor();
      await clearToasts(page);
    });

    step('opens the release that was made of the same project', async ({ page }) => {
      await deploy(page, 1);
      await openRelease(page);
      await selectedRelease(page, 1);
      await picture(page, 'open-release');
    });

    step('asks which when several are the same', async ({ page, projects }) => {
      const notebook = path.join(projects, 'double', 'nb.ipynb');
      const text = await readFile(notebook, 'utf8');
      await writeFile(notebook, text.replace('2 * value', '3 * value'));
      await deploy(page, 2);
      await writeFile(notebook, text);
      await deploy(page, 3);
      await openRelease(page);
      await quickPickRow(page, 'double v3').waitFor();
      await picture(page, 'open-release-choice');
      await quickPickRow(page, 'double v1').click();
      await selectedRelease(page, 1);
    });
  });
});

async function deploy(page: Page, version: number): Promise<void> {
  await runCommand(page, 'Slipway: Deploy Model');
  await toast(page, `double v${String(version)} answers at`).waitFor({ timeout: 90_000 });
  await clearToasts(page);
}

async function openRelease(page: Page): Promise<void> {
  await chooseFromMenu(page, row(page, /^Tag slipway-/), 'Open Release');
}

async function selectedRelease(page: Page, version: number): Promise<void> {
  const name = new RegExp(`^v${String(version)}, `);
  await page.getByRole('treeitem', { name, selected: true }).waitFor();
}
