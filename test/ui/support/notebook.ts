import type { Locator, Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { openFile } from '../../testbed/vscode/workbench';

/** The list of cells of the notebook in sight: one that is behind another tab stays in the page. */
const list = '.notebookOverlay:visible .cell-list-container';

/** Opens a notebook of the workspace and waits until its first cell is drawn. */
export async function openNotebook(page: Page, name: string): Promise<void> {
  await openFile(page, name);
  await page.locator('.tabs-container .tab.active', { hasText: name }).waitFor();
  await page.locator(`${list} .monaco-list-row`).first().waitFor({ state: 'attached' });
}

/** A button in the notebook's own toolbar. */
export function toolbarButton(page: Page, name: string | RegExp): Locator {
  return page.locator('.notebook-toolbar-container').getByRole('button', { name }).first();
}

/** The cell whose source contains a text. Cells out of sight are not drawn, so the list is scrolled through until it is. */
export async function cellWith(page: Page, text: string): Promise<Locator> {
  const found = page.locator(`${list} .monaco-list-row.code-cell-row`, { hasText: text }).first();
  let turn = 0;
  await eventually(`a cell with ${text} is shown`, 30, async () => {
    if (await isShown(found)) return true;
    await page.locator(list).first().hover();
    await page.mouse.wheel(0, turn++ % 10 === 0 ? -10_000 : 200);
    return isShown(found);
  });
  return found;
}

async function isShown(cell: Locator): Promise<boolean> {
  return cell
    .locator('.view-lines')
    .waitFor({ timeout: 500 })
    .then(
      () => true,
      () => false,
    );
}

/** Waits until an output of the notebook in sight shows a text. Outputs are drawn in a frame, those near the window only. */
export async function outputShows(page: Page, text: string): Promise<void> {
  let turn = 0;
  await eventually(`an output shows ${text}`, 30, async () => {
    await page.locator(list).first().hover();
    await page.mouse.wheel(0, turn++ % 20 === 0 ? -10_000 : 100);
    const found = await Promise.all(page.frames().map((frame) => isVisible(frame.getByText(text))));
    return found.includes(true);
  });
}

async function isVisible(output: Locator): Promise<boolean> {
  return output
    .first()
    .isVisible()
    .catch(() => false);
}

/** Replaces the source of a cell as a user does: click, select all, write. */
export async function rewriteCell(page: Page, text: string, source: string): Promise<void> {
  const cell = await cellWith(page, text);
  await cell.locator('.view-lines').click();
  await cell.locator('.monaco-editor.focused').waitFor();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(source);
  await cellWith(page, source);
  await page.keyboard.press('Escape');
}
