import type { Locator, Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { openInput, screenshot } from '../../testbed/vscode/workbench';

/** Opens a view container of the activity bar; nothing happens when it is open already. */
export async function openContainer(page: Page, name: string | RegExp): Promise<void> {
  const tab = page.locator('.activitybar').getByRole('tab', { name });
  const isOpen = async (): Promise<boolean> => (await tab.getAttribute('aria-selected')) === 'true';
  await eventually(`the container ${String(name)} is open`, 60, async () => {
    if (await isOpen()) return true;
    await tab.click();
    return comesTrue(eventually('it opens', 5, isOpen));
  });
}

/** Opens a view of the side bar, or closes it, which gives the others its place. */
export async function turnPane(page: Page, name: string, isOpen: boolean): Promise<void> {
  const header = page.locator('.sidebar .pane-header', { hasText: name });
  await eventually(`the view ${name} is turned`, 20, async () => {
    if ((await header.getAttribute('aria-expanded')) === String(isOpen)) return true;
    await header.click();
    return false;
  });
}

/** For texts that are long. @param by pixels */
export async function widenSidebar(page: Page, by = 280): Promise<void> {
  const box = await page.locator('.monaco-sash.vertical:not(.disabled)').first().boundingBox();
  if (box === null) throw new Error('The sidebar has no edge.');
  await page.mouse.move(box.x + box.width / 2, 400);
  await page.mouse.down();
  await page.mouse.move(box.x + by, 400, { steps: 5 });
  await page.mouse.up();
}

/** A row of any tree in the workbench by what a screen reader says of it. */
export function row(page: Page, name: string | RegExp): Locator {
  return page.getByRole('treeitem', { name }).first();
}

/** Whether a tree shows such a row now. */
export async function isThere(page: Page, name: RegExp): Promise<boolean> {
  return (await page.getByRole('treeitem', { name }).count()) > 0;
}

/**
 * Opens a row. What stands below may have to be read first, and a click meanwhile would close it again; a click on a list that
 * moves hits nothing, and is repeated. The editor shows nothing below a row that was opened while it drew the row above anew
 * ("No tree item with id", in its log); a person closes such a row and opens it again.
 */
export async function expand(page: Page, name: string | RegExp): Promise<void> {
  const found = row(page, name);
  await found.waitFor();
  const isOpen = async (): Promise<boolean> => (await found.getAttribute('aria-expanded')) === 'true';
  for (let attempt = 0; attempt < 4; attempt++) {
    if (!(await isOpen())) await found.locator('.monaco-tl-twistie').click();
    if (!(await comesTrue(eventually(`${String(name)} is expanded`, 7, isOpen)))) continue;
    if (await comesTrue(eventually(`${String(name)} has rows`, 10, () => hasRowBelow(found)))) return;
    await collapse(page, name);
  }
  throw new Error(`${String(name)} does not open`);
}

/** Whether a row that is open has others below it, or the place for them is out of sight. */
async function hasRowBelow(opened: Locator): Promise<boolean> {
  const number = async (one: Locator, name: string): Promise<number> =>
    Number(await one.getAttribute(name, { timeout: 2000 }));
  const place = (await number(opened, 'data-index')) + 1;
  const next = opened.locator('xpath=..').locator(`[data-index="${String(place)}"]`);
  if ((await next.count()) === 0) return (await opened.getAttribute('data-last-element')) !== 'true';
  return (await number(next, 'aria-level')) > (await number(opened, 'aria-level'));
}

/** Closes a row that is open. */
export async function collapse(page: Page, name: string | RegExp): Promise<void> {
  const found = row(page, name);
  const isOpen = async (): Promise<boolean> => (await found.getAttribute('aria-expanded')) === 'true';
  if (!(await isOpen())) return;
  await found.locator('.monaco-tl-twistie').click();
  await eventually(`${String(name)} is collapsed`, 20, async () => !(await isOpen()));
}

/**
 * Right-clicks and takes an item of the menu. A window that was just opened may offer it a moment later, and a menu that
 * was just opened ignores a click.
 */
export async function chooseFromMenu(page: Page, on: Locator, item: string | RegExp): Promise<void> {
  const found = page.locator('.monaco-menu').getByRole('menuitem', { name: item }).first();
  await eventually(`the menu offers ${String(item)}`, 30, async () => {
    await on.click({ button: 'right' });
    const isOffered = await comesTrue(found.waitFor({ timeout: 3000 }));
    if (!isOffered) await page.keyboard.press('Escape');
    return isOffered;
  });
  await eventually(`the menu takes ${String(item)}`, 30, async () => {
    await found.click({ timeout: 2000 }).catch(() => undefined);
    return comesTrue(found.waitFor({ state: 'detached', timeout: 1000 }));
  });
}

/**
 * Takes an item of the menu that opens a box at the top of the window, and answers there. A menu that closes late takes
 * the focus back, and the box goes away with it: then both are done again.
 */
export async function answerFromMenu(
  page: Page,
  on: Locator,
  item: string | RegExp,
  answer: () => Promise<void>,
): Promise<void> {
  await eventually(`the box of ${String(item)} takes an answer`, 60, async () => {
    await chooseFromMenu(page, on, item);
    return comesTrue(answer());
  });
}

/** Whether a wait came to its end, not to its deadline. */
export function comesTrue(condition: Promise<void>): Promise<boolean> {
  return condition.then(
    () => true,
    () => false,
  );
}

export function toast(page: Page, text: string | RegExp): Locator {
  return page.locator('.notification-toast', { hasText: text }).first();
}

/** The modal dialog that is open. */
export function dialog(page: Page): Locator {
  return page.locator('.monaco-dialog-box');
}

export async function answerDialog(page: Page, button: string | RegExp): Promise<void> {
  await dialog(page).getByRole('button', { name: button }).click();
  await dialog(page).waitFor({ state: 'detached' });
}

/** The list under the box at the top of the window. */
export function quickPickRow(page: Page, text: string | RegExp): Locator {
  return page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row', { hasText: text }).first();
}

/** The box at the top of the window. */
export function inputBox(page: Page): Locator {
  return page.locator('.quick-input-widget:visible input.input').first();
}

/** The text of an editor that is shown, by a text in it; only its visible lines exist. */
export function editorWith(page: Page, text: string | RegExp): Locator {
  return page.locator('.editor-instance .view-lines', { hasText: text }).first();
}

export async function closeAllEditors(page: Page): Promise<void> {
  const tab = page.locator('.tabs-container .tab').first();
  await eventually('no editor is open', 60, async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Control+w');
    return comesTrue(tab.waitFor({ state: 'detached', timeout: 5000 }));
  });
}

/** Puts away what lies over the window: toasts stay until someone does. */
export async function clearToasts(page: Page): Promise<void> {
  await eventually('no toast is shown', 20, async () => {
    const shown = page.locator('.notification-toast');
    if ((await shown.count()) === 0) return true;
    // One that goes away by itself meanwhile is no failure.
    await shown
      .first()
      .hover({ timeout: 2000 })
      .catch(() => undefined);
    await shown
      .first()
      .locator('.codicon-notifications-clear')
      .click({ timeout: 2000 })
      .catch(() => undefined);
    return false;
  });
}

/** Shown by the editor itself while a busy machine starts extensions. */
const editorsOwn = ['Activating Extensions...'];

/**
 * Texts of every notification that the window holds, shown or put away. The bell opens and closes their list by turns, and
 * a window that still starts may miss a click or open the list by itself: both are asked for until they are so.
 */
export async function notifications(page: Page): Promise<readonly string[]> {
  const center = page.locator('.notifications-center');
  await eventually('the list of notifications is open', 30, async () => {
    if (await center.isVisible()) return true;
    await page.locator('.statusbar-item[id="status.notifications"]').click();
    return comesTrue(center.waitFor({ timeout: 2000 }));
  });
  const texts = await center.locator('.notification-list-item-message').allInnerTexts();
  await eventually('the list of notifications is closed', 30, async () => {
    if (!(await center.isVisible())) return true;
    await center
      .locator('.codicon-notifications-hide')
      .click({ timeout: 2000 })
      .catch(() => undefined);
    return comesTrue(center.waitFor({ state: 'hidden', timeout: 2000 }));
  });
  return texts.filter((text) => !editorsOwn.includes(text));
}

/** The text of an element; the editor writes spaces as no-break ones. */
export async function textOf(locator: Locator): Promise<string> {
  return (await locator.innerText()).replaceAll('\u00a0', ' ');
}

/** Titles of the commands that the palette offers for a text. */
export async function paletteRows(page: Page, text: string): Promise<readonly string[]> {
  await page.locator('.statusbar .right-items').click({ position: { x: 1, y: 1 } });
  await openInput(page, ['F1']);
  await inputBox(page).fill(`>${text}`);
  await quickPickRow(page, text).waitFor();
  const titles = await page.locator('.quick-input-list .monaco-list-row').allInnerTexts();
  await page.keyboard.press('Escape');
  return titles;
}

/** Keeps a picture of the window for the README, without what only hovers under the mouse, which may need a push to go. */
export async function picture(page: Page, name: string): Promise<void> {
  const hover = page.locator('.monaco-hover:visible').first();
  const places = [700, 760, 820];
  let tries = 0;
  await eventually('nothing hovers over the window', 60, async () => {
    await page.mouse.move(places[tries++ % places.length] ?? 700, 784);
    return comesTrue(hover.waitFor({ state: 'detached', timeout: 3000 }));
  });
  await screenshot(page, name);
}
