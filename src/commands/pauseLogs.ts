import * as vscode from 'vscode';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

export const pauseLogs: Command = async (app, subject) => {
  const view = await logViews(app).choose(modelOf(subject), vscode.l10n.t('Pause or Resume Logs'));
  await view?.togglePause();
  view?.show(true);
};
