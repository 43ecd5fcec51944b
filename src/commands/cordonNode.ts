import { clusterSubject } from '../editor/explorer/clusterSubject';
import type { App } from '../app';
import type { Command } from './command';

/** Keeps new pods away from a node. */
export const cordonNode: Command = (app, subject) => setCordon(app, subject, true);

/** Shared with the command that undoes it. */
export async function setCordon(app: App, subject: unknown, isCordoned: boolean): Promise<void> {
  const { objects, ref } = await clusterSubject(app.clusters, subject);
  await objects.cordon(ref, isCordoned, AbortSignal.timeout(20_000));
}
