import * as vscode from 'vscode';
import { parseFilter } from '../pipeline/logFilter';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

export const filterLogs: Command = async (app, subject) => {
  const title = vscode.l10n.t('Filter Logs');
  const view = await logViews(app).choose(modelOf(subject), title);
  if (view === undefined) return;
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t(
      'Words, /expression/, ! before it for what does not match; source:3/0 or stream:stderr before all. Empty shows everything.',
    ),
    value: view.choice.filter?.text ?? '',
    validateInput: problemIn,
  });
  if (text === undefined) return;
  await logViews(app).setFilter(view, text);
  view.show(true);
};

function problemIn(text: string): string | undefined {
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
