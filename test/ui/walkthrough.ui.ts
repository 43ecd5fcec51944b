import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually';
import { runCommand } from '../testbed/vscode/workbench';
import { modelIs } from './support/model';
import { story } from './support/story';
import {
  answerDialog,
  clearToasts,
  dialog,
  editorWith,
  inputBox,
  picture,
  quickPickRow,
  row,
  textOf,
  toast,
} from './support/window';

const steps = [
  'Open a Notebook Project',
  'Say What the Model Answers',
  'Deploy on This Machine',
  'Try a Prediction',
] as const;
type StepName = (typeof steps)[number];

const walkthrough = (page: Page): Locator => page.locator('.gettingStartedContainer:visible');

function stepOf(page: Page, name: StepName): Locator {
  return walkthrough(page).locator('.getting-started-step', { hasText: name });
}

async function openWalkthrough(page: Page): Promise<void> {
  await runCommand(page, 'Welcome: Open Walkthrough...');
  await inputBox(page).fill('Slipway');
  await quickPickRow(page, 'Slipway').click();
  await stepOf(page, steps[0]).waitFor();
}

/** Opens a step and presses its button; the page is drawn afresh, with its first open step, while an extension starts. */
async function press(page: Page, name: StepName, button: string): Promise<void> {
  const step = stepOf(page, name);
  await eventually(`${button} is pressed`, 60, async () => {
    const isOpen = (await step.getAttribute('class'))?.includes('expanded') === true;
    if (!isOpen) await step.locator('.step-title').click();
    const found = step.locator('.button-container').getByRole('button', { name: button });
    return found.click({ timeout: 3000 }).then(
      () => true,
      () => false,
    );
  });
}

/** The editor's own dialog for folders of a server. It begins with a folder of its choice and may come back to it. */
async function chooseFolder(page: Page, folder: string, inIt: string, button: string): Promise<void> {
  const box = page.locator('.quick-input-widget:visible');
  await box.getByRole('button', { name: button }).waitFor();
  await eventually('the dialog lists the folder', 30, async () => {
    if ((await inputBox(page).inputValue()) !== `${folder}/`) await inputBox(page).fill(`${folder}/`);
    return quickPickRow(page, inIt).isVisible();
  });
  await box.getByRole('button', { name: button }).click();
}

async function isChecked(page: Page, ...names: readonly StepName[]): Promise<void> {
  for (const name of names) await stepOf(page, name).locator('.codicon.complete').waitFor();
}

async function prepare(projects: string): Promise<string> {
  await mkdir(path.join(projects, 'flats'));
  return projects;
}

story('the walkthrough', { prepare }, (step) => {
  step('makes the sample project from an empty window and opens it', async ({ page, projects, open }) => {
    await open(undefined);
    await openWalkthrough(page);
    await press(page, 'Open a Notebook Project', 'Create Sample Project');
    await chooseFolder(page, projects, 'flats', 'Create Here');
    await row(page, /^iris\.ipynb/).waitFor({ timeout: 60_000 });
    assert.ok(existsSync(path.join(projects, 'slipway-iris', 'iris.ipynb')));
    // The editor opens the walkthrough again in the window of the folder.
    await isChecked(page, 'Open a Notebook Project');
  });

  step('inspects it', async ({ page }) => {
    await press(page, 'Say What the Model Answers', 'Inspect Project');
    await toast(page, 'Nothing stands in the way of a deploy').waitFor({ timeout: 60_000 });
    await isChecked(page, 'Say What the Model Answers');
  });

  step(
    'deploys it after a question',
    async ({ page }) => {
      await press(page, 'Deploy on This Machine', 'Deploy Model');
      await dialog(page).filter({ hasText: 'Execute iris.ipynb on this machine?' }).waitFor({ timeout: 60_000 });
      await answerDialog(page, 'Execute Notebook');
      await toast(page, /slipway-iris v1 answers at http/).waitFor({ timeout: 180_000 });
      await modelIs(page, 'slipway-iris', 'v1 · Ready · 1/1');
      await isChecked(page, 'Deploy on This Machine');
    },
    240,
  );

  step('tries a prediction, and all of it is done', async ({ page }) => {
    await press(page, 'Try a Prediction', 'Test Prediction');
    await editorWith(page, 'dataframe_').waitFor();
    assert.match(await textOf(editorWith(page, 'dataframe_')), /sepal_length/);
    await page.locator('.tab', { hasText: /Welcome|Walkthrough/ }).click();
    await isChecked(page, ...steps);
    await clearToasts(page);
    await runCommand(page, 'View: Hide Panel');
    await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
    await eventually('the picture of the step is drawn', 30, async () => {
      const drawn = page.frames().map((frame) => frame.locator('svg').first().isVisible());
      return (await Promise.all(drawn.map((one) => one.catch(() => false)))).includes(true);
    });
    await picture(page, 'walkthrough');
  });
});
