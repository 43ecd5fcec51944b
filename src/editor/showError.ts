import * as vscode from 'vscode';
import { isUserError, type Remedy, type UserError } from '../core/errors';
import { openLocation } from './openLocation';

/** Tells the user of a failure: what happened and why, with the remedy and the log as buttons. */
export async function showError(log: vscode.LogOutputChannel, error: unknown, commandId: string): Promise<void> {
  if (isUserError(error)) await showUserError(log, error);
  else await showBug(log, error, commandId);
}

async function showUserError(log: vscode.LogOutputChannel, error: UserError): Promise<void> {
  for (const line of logLines(error)) log.error(line);
  const { remedy } = error;
  const showLog = vscode.l10n.t('Show Log');
  const button = remedy === undefined || remedy.kind === 'hint' ? undefined : remedy.label;
  const hint = remedy?.kind === 'hint' ? ` ${remedy.label}` : '';
  const chosen = await vscode.window.showErrorMessage(
    `${error.message}${hint}`,
    ...(button === undefined ? [] : [button]),
    showLog,
  );
  if (chosen === showLog) log.show(true);
  else if (chosen !== undefined && remedy !== undefined) await applyRemedy(remedy);
}

/** What the log keeps of a failure: also what uv said, and the traceback. */
function logLines(error: UserError): readonly string[] {
  const { uv, traceback } = error.details;
  const words = [uv, traceback].flatMap((one) =>
    Array.isArray(one) ? one.map(String) : typeof one === 'string' ? [one] : [],
  );
  const cause = error.cause instanceof Error ? [error.cause.message] : [];
  return [`${error.code}: ${error.message}`, ...words, ...cause];
}

async function applyRemedy(remedy: Remedy): Promise<void> {
  switch (remedy.kind) {
    case 'openSetting':
      await vscode.commands.executeCommand('workbench.action.openSettings', remedy.setting);
      return;
    case 'runCommand':
      await vscode.commands.executeCommand(remedy.command, ...(remedy.args ?? []));
      return;
    case 'openUrl':
      await vscode.env.openExternal(vscode.Uri.parse(remedy.url));
      return;
    case 'openFile':
      await openLocation(remedy.location);
      return;
    case 'hint':
      return;
  }
}

async function showBug(log: vscode.LogOutputChannel, error: unknown, commandId: string): Promise<void> {
  log.error(
    `${commandId} failed with an error that Slipway did not foresee`,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  const showLog = vscode.l10n.t('Show Log');
  const message = error instanceof Error ? error.message : String(error);
  const chosen = await vscode.window.showErrorMessage(
    vscode.l10n.t('Slipway met a fault of its own: {0} Please report it with what the log says.', message),
    showLog,
  );
  if (chosen === showLog) log.show(true);
}
