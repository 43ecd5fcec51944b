import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../support/eventually';
import { notebookOf } from '../support/notebooks';
import { runCommand } from '../testbed/vscode/workbench';
import { cellWith, openNotebook } from './support/notebook';
import { writeProject } from './support/stage';
import { story } from './support/story';
import { closeAllEditors, openContainer, chooseFromMenu, picture, row, toast } from './support/window';

const messy = notebookOf(
  { id: 'read', source: 'import pandas as pd\n\nframe = pd.read_csv("/home/ana/work/rows.csv")' },
  { id: 'ask', source: 'who = input("Your name? ")\nrows = tidy(frame)' },
  { id: 'define', source: 'def tidy(frame):\n    return frame.dropna()' },
);

const unserved = notebookOf(
  {
    id: 'data',
    source:
      'import pandas as pd\nfrom sklearn.linear_model import LinearRegression\n\nflats = pd.read_csv("flats.csv")',
  },
  { id: 'fit', source: 'X = flats[["area", "rooms"]]\ny = flats["rent"]\nmodel = LinearRegression()\nmodel.fit(X, y)' },
  { id: 'try', source: 'model.predict(X.head(3))' },
);

async function prepare(projects: string): Promise<string> {
  await writeProject(projects, 'reading', { 'messy.ipynb': messy, 'rows.csv': 'a,b\n1,2\n' });
  await writeProject(projects, 'flats', {
    'flats.ipynb': unserved,
    'flats.csv': 'area,rooms,rent\n40,2,800\n60,3,1100\n85,4,1500\n',
  });
  return projects;
}

story('before a deploy', { prepare }, (step) => {
  step('shows the findings of a messy notebook in Problems', async ({ page }) => {
    await openContainer(page, /^Explorer/);
    await row(page, /^reading/).waitFor();
    await chooseFromMenu(page, row(page, /^reading/), 'Inspect Project');
    const problems = page.locator('.markers-panel');
    await problems
      .getByRole('treeitem', { name: /rows\.csv/ })
      .first()
      .waitFor({ timeout: 60_000 });
    await problems.getByRole('treeitem', { name: /tidy/ }).first().waitFor();
    await problems.getByRole('treeitem', { name: /input/ }).first().waitFor();
  });

  step('applies a quick fix to the cell', async ({ page, projects }) => {
    const problem = page
      .locator('.markers-panel')
      .getByRole('treeitem', { name: /rows\.csv/ })
      .first();
    await problem.dblclick();
    const cell = await cellWith(page, 'read_csv');
    await cell.locator('.monaco-editor.focused').waitFor();
    await page.keyboard.press('Control+.');
    const fixes = page.locator('.action-widget');
    await fixes.getByText('Use rows.csv').first().waitFor();
    await picture(page, 'quick-fix');
    await fixes.getByText('Use rows.csv').first().click();
    await problem.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+s');
    const file = path.join(projects, 'reading', 'messy.ipynb');
    await eventually('the notebook with the path in the project is saved', 20, async () =>
      /read_csv\(\\?["']rows\.csv/.test(await readFile(file, 'utf8')),
    );
    await closeAllEditors(page);
  });

  step('drafts predict for a notebook that has none, as an edit to accept', async ({ page, projects }) => {
    await openNotebook(page, 'flats.ipynb');
    await runCommand(page, 'Slipway: Add Predict Cell');
    const draft = toast(page, 'A draft of predict was added');
    await draft.waitFor({ timeout: 60_000 });
    await cellWith(page, 'def predict');
    await picture(page, 'add-predict-cell');
    await draft.getByRole('button', { name: 'Discard' }).click();
    await page.locator('.notebookOverlay .code-cell-row', { hasText: 'def predict' }).waitFor({ state: 'detached' });
    await runCommand(page, 'Slipway: Add Predict Cell');
    await draft.getByRole('button', { name: 'Keep' }).click({ timeout: 60_000 });
    await cellWith(page, 'def predict');
    const file = path.join(projects, 'flats', 'flats.ipynb');
    await page.keyboard.press('Control+s');
    await eventually('the notebook with predict is saved', 20, async () =>
      (await readFile(file, 'utf8')).includes('def predict'),
    );
    await closeAllEditors(page);
  });
});
