import { withViewProgress } from '../editor/progress';
import type { Command } from './command';

/** Reads all targets afresh and opens the streams of the visible views again. */
export const refresh: Command = async (app) => {
  await withViewProgress('slipway.models', async () => {
    await app.refresh();
    app.models.restart();
  });
  app.clusters.refresh();
  await withViewProgress('slipway.registries', () => app.registries.refresh());
};
