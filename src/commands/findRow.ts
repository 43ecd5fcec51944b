import * as vscode from 'vscode';
import type { ClusterRow } from '../core/cluster';
import { rowGone } from '../editor/explorer/clusterSubject';
import { rowId } from '../tree/cluster/clusterTree';
import { appearanceOf } from '../tree/cluster/rowNode';
import type { Command } from './command';

/** The list that was clicked, or the row at its end that shows more of it. */
interface Clicked {
  readonly id?: string;
  readonly parent?: { readonly id: string };
  readonly more?: number;
}

/** Finds a row by its name in a list that is too long to be shown as a whole. */
export const findRow: Command = async (app, subject) => {
  const clicked = subject as Clicked | undefined;
  const id = (clicked?.more === undefined ? clicked?.id : clicked.parent?.id) ?? '';
  await app.clusters.load(id);
  const rows = app.clusters.below(id)?.value?.rows;
  if (rows === undefined) throw rowGone();
  const chosen = await vscode.window.showQuickPick(rows.map(itemOf), {
    title: vscode.l10n.t('Find in the List'),
    placeHolder: vscode.l10n.t('Type a part of the name'),
    matchOnDescription: true,
  });
  if (chosen !== undefined) await app.revealRow(id, rowId(id, chosen.row));
};

function itemOf(row: ClusterRow): vscode.QuickPickItem & { readonly row: ClusterRow } {
  const { label, description } = appearanceOf(row, vscode.l10n.t);
  return { label, row, ...(description === undefined ? {} : { description }) };
}
