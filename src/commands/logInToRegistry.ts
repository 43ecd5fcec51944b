import * as vscode from 'vscode';
import { parseImageReference } from '../core/image';
import { logIn } from '../editor/registry/logIn';
import { imageOf } from '../editor/subject';
import type { Command } from './command';

/** Asks for the credentials of a registry until it accepts some, and keeps them in the editor's secret storage. */
export const logInToRegistry: Command = async (app, subject) => {
  const host = imageOf(subject)?.registry ?? (await askHost());
  if (host === undefined || !(await logIn(host, app.registryAccess()))) return;
  void vscode.window.showInformationMessage(vscode.l10n.t('{0} accepts the credentials.', host));
  await app.registries.refresh();
};

async function askHost(): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Log In to Registry'),
    prompt: vscode.l10n.t('The host of the registry, for example ghcr.io'),
    ignoreFocusOut: true,
    validateInput: (value) =>
      hostIn(value) === undefined ? vscode.l10n.t('Enter a host, or a host with a port.') : undefined,
  });
  return text === undefined ? undefined : hostIn(text);
}

/** Also of the address of a repository, as it is copied. */
function hostIn(text: string): string | undefined {
  const [host = ''] = text
    .trim()
    .replace(/^https?:\/\//, '')
    .split('/');
  if (!/[.:]|^localhost$/.test(host)) return undefined;
  try {
    return parseImageReference(`${host}/image`).registry;
  } catch {
    return undefined;
  }
}
