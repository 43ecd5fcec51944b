import { chooseContainer } from '../editor/explorer/chooseContainer';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import { openShell as openTerminal } from '../editor/explorer/shell';
import type { Command } from './command';

/** Opens a shell in a container; where a pod has several, asks which. */
export const openShell: Command = async (app, subject) => {
  const { objects, ref, row, container } = await clusterSubject(app.clusters, subject);
  const chosen =
    container ?? (row.kind === 'pod' ? await chooseContainer(row, ({ status }) => status === 'Running') : undefined);
  if (chosen !== undefined) openTerminal(objects, ref, chosen);
};
