import * as vscode from 'vscode';
import type { ContainerState, PodRow } from '../../core/cluster';

/** The only container of a pod that fits, or the user's pick among several; undefined for none, or a cancelled pick. */
export async function chooseContainer(
  { containers, name }: PodRow,
  fits: (container: ContainerState) => boolean,
): Promise<string | undefined> {
  const names = containers.filter(fits).map((one) => one.name);
  if (names.length < 2) return names[0];
  return vscode.window.showQuickPick(names, { title: name, placeHolder: vscode.l10n.t('Container') });
}
