import type { Locator, Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { openFile } from '../../testbed/vscode/workbench';

const list = '.notebookOverlay .cell-list-container';

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

/** The cell whose source contains a text. Cells out of sight are not drawn, so the list is scrolled until it is. */
export async function cellWith(page: Page, text: string): Promise<Locator> {
  const found = page.locator(`${list} .monaco-list-row.code-cell-row`, { hasText: text }).first();
  let turns = 0;
  await eventually(`a cell with ${text} is shown`, 20, async () => {
    if (await found.locator('.view-lines').isVisible().catch(() => false)) return true;
    await page.locator(list).first().hover();
    await page.mouse.wheel(0, turns++ % 12 < 8 ? 250 : -500);
    return found.locator('.view-lines').isVisible().catch(() => false);
  });
  return found;
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
