import * as vscode from 'vscode';
import type { PodRow } from '../core/cluster';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import { openShell as openTerminal } from '../editor/explorer/shell';
import type { Command } from './command';

/** Opens a shell in a container; where a pod has several, asks which. */
export const openShell: Command = async (app, subject) => {
  const { objects, ref, row, container } = await clusterSubject(app.clusters, subject);
  const chosen = container ?? (row.kind === 'pod' ? await chooseContainer(row) : undefined);
  if (chosen !== undefined) openTerminal(objects, ref, chosen);
};

async function chooseContainer({ containers }: PodRow): Promise<string | undefined> {
  const running = containers.filter(({ status }) => status === 'Running').map(({ name }) => name);
  if (running.length < 2) return running[0];
  return vscode.window.showQuickPick(running, {
    title: vscode.l10n.t('Open Shell'),
    placeHolder: vscode.l10n.t('Container'),
  });
}
