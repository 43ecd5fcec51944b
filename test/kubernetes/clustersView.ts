import type { Page } from 'playwright-core';
import { collapse, openContainer, row, turnPane, widenSidebar } from '../ui/support/window';

/** Opens Slipway's views and gives the tree of the cluster `testbed` room. */
export async function showClusters(page: Page): Promise<void> {
  await openContainer(page, /Slipway/);
  await turnPane(page, 'Models', false);
  await widenSidebar(page, 480);
  await row(page, /^Cluster testbed/).waitFor();
  await collapse(page, /^Cluster This Machine/);
}
