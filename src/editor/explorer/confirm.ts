import * as vscode from 'vscode';
import { readSetting } from '../settings';
import { breadcrumb, type ClusterSubject } from './clusterSubject';

/**
 * Asks before something is taken away or disturbed. The question says where it is; on a cluster that the user protects,
 * the name must be typed.
 * @param button a verb, as `Delete`
 */
export async function confirmOn(
  subject: Pick<ClusterSubject, 'cluster' | 'ref'>,
  question: string,
  detail: string,
  button: string,
): Promise<boolean> {
  const where = `${breadcrumb(subject)}\n\n${detail}`;
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail: where }, button);
  if (answer !== button) return false;
  return !isProtected(subject.cluster.displayName) || typeName(subject, question);
}

function isProtected(context: string): boolean {
  const patterns = readSetting(vscode.workspace.getConfiguration(), 'slipway.protectedContexts');
  return patterns.some((pattern) => matches(pattern, context));
}

/** `*` stands for any characters. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

async function typeName({ cluster, ref }: Pick<ClusterSubject, 'cluster' | 'ref'>, title: string): Promise<boolean> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('{0} is protected. Type {1} to go on.', cluster.displayName, ref.name),
    ignoreFocusOut: true,
    validateInput: (value) => (value === ref.name || value === '' ? undefined : vscode.l10n.t('That is another name.')),
  });
  return typed === ref.name;
}
