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
  return confirmProtected(subject.cluster.displayName, subject.ref.name, question);
}

/** Has the name typed where the context is protected; true where it is not. */
export async function confirmProtected(context: string, name: string, title: string): Promise<boolean> {
  return !isProtected(context) || typeName(context, name, title);
}

/** As {@link confirmProtected}, for a model: its target names the context. */
export function confirmModel(targetId: string, name: string, title: string): Promise<boolean> {
  const [, place] = /^kubernetes:(.*)$/s.exec(targetId) ?? [];
  if (place === undefined) return Promise.resolve(true);
  // Contexts may have slashes in their names, and a namespace may be left out.
  const contexts = [place, place.replace(/\/[^/]*$/, '')];
  return confirmProtected(contexts.find(isProtected) ?? '', name, title);
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

async function typeName(context: string, name: string, title: string): Promise<boolean> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('{0} is protected. Type {1} to go on.', context, name),
    ignoreFocusOut: true,
    validateInput: (value) => (value === name || value === '' ? undefined : vscode.l10n.t('That is another name.')),
  });
  return typed === name;
}
