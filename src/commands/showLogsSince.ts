import * as vscode from 'vscode';
import { parseSince } from '../core/duration';
import { modelOf } from '../editor/subject';
import type { Command } from './command';
import { logViews } from './followLogs';

/** Shows the lines of a log that were written since some time ago, or all that are kept. */
export const showLogsSince: Command = async (app, subject) => {
  const title = vscode.l10n.t('Show Logs Since');
  const view = await logViews(app).choose(modelOf(subject), title);
  if (view === undefined) return;
  const ago = await askSince(title);
  if (ago === undefined) return;
  await view.choose({ since: ago === '' ? undefined : parseSince(ago, Date.now()) });
  view.show(true);
};

/** A duration or a date; empty for everything, undefined when the user gave up. */
async function askSince(title: string): Promise<string | undefined> {
  const items: readonly (vscode.QuickPickItem & { readonly ago?: string })[] = [
    { label: vscode.l10n.t('5 Minutes Ago'), ago: '5m' },
    { label: vscode.l10n.t('1 Hour Ago'), ago: '1h' },
    { label: vscode.l10n.t('1 Day Ago'), ago: '1d' },
    { label: vscode.l10n.t('The Beginning'), ago: '' },
    { label: vscode.l10n.t('Another Time…') },
  ];
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen === undefined || chosen.ago !== undefined) return chosen?.ago;
  return vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('A duration such as 90s, 15m or 1h30m, or a date.'),
    validateInput: (text) =>
      parseSince(text, Date.now()) === undefined
        ? vscode.l10n.t('Enter a duration such as 15m, or a date.')
        : undefined,
  });
}
