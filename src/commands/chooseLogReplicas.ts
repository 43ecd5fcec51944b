import * as vscode from 'vscode';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

/** Shows and hides the lines of single replicas; those of replicas that come later are shown. */
export const chooseLogReplicas: Command = async (app, subject) => {
  const title = vscode.l10n.t('Choose Replicas in Logs');
  const view = await logViews(app).choose(modelOf(subject), title);
  if (view === undefined) return;
  const { hidden = new Set() } = view.choice;
  const items = view.sources.map((label) => ({ label, picked: !hidden.has(label) }));
  const placeHolder = vscode.l10n.t('Lines of those that are chosen are shown');
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder, canPickMany: true });
  if (chosen === undefined) return;
  const shown = new Set(chosen.map(({ label }) => label));
  await view.choose({ hidden: new Set(view.sources.filter((source) => !shown.has(source))) });
  view.show(true);
};
