import * as vscode from 'vscode';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

export const stopFollowingLogs: Command = async (app, subject) => {
  const view = await logViews(app).choose(modelOf(subject), vscode.l10n.t('Stop Following Logs'));
  if (view !== undefined) await logViews(app).close(view);
};
