import * as vscode from 'vscode';
import { withNotification } from '../editor/progress';
import type { Command } from './command';

/** Installs a Python that uv manages, below Slipway's home folder. It is offered where a project's Python is missing. */
export const installPython: Command = async (app, wanted) => {
  const version = typeof wanted === 'string' ? wanted : await askVersion();
  if (version === undefined) return;
  const services = await app.services();
  await withNotification(vscode.l10n.t('Installing Python {0}', version), async (progress, signal) => {
    const uv = await services.uv(signal);
    const onProgress = (line: string): void => {
      progress.show(line);
      app.log.info(`[uv] ${line}`);
    };
    await uv.run(['python', 'install', version], { subject: `Python ${version}`, onProgress }, signal);
  });
  app.reopenServices();
  const deploy = vscode.l10n.t('Deploy Model');
  if (
    (await vscode.window.showInformationMessage(vscode.l10n.t('Python {0} is installed.', version), deploy)) === deploy
  )
    await vscode.commands.executeCommand('slipway.deployModel');
};

async function askVersion(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Install Python'),
    prompt: vscode.l10n.t('Version of Python, such as 3.11'),
    value: '3.12',
    validateInput: (text) =>
      /^3\.\d{1,2}(\.\d{1,2})?$/.test(text) ? undefined : vscode.l10n.t('Enter a version such as 3.11.'),
  });
}
