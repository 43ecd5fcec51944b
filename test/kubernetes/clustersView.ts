import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { collapse, openContainer, row } from '../ui/support/window';

/** Opens Slipway's views and gives the tree of the cluster `testbed` room. */
export async function showClusters(page: Page): Promise<void> {
  await openContainer(page, /Slipway/);
  const header = page.locator('.pane-header', { hasText: 'Models' }).first();
  if ((await header.getAttribute('aria-expanded')) === 'true') await header.click();
  const box = await page.locator('.monaco-sash.vertical:not(.disabled)').first().boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width / 2, 400);
  await page.mouse.down();
  await page.mouse.move(box.x + 480, 400, { steps: 5 });
  await page.mouse.up();
  await row(page, /^Cluster testbed/).waitFor();
  await collapse(page, /^Cluster This Machine/);
}
