import * as vscode from 'vscode';
import type { ObjectOwner } from '../core/owner';
import type { TakeOverQuestion } from '../core/target';

/** Asks whether a model is changed that something else looks after. @throws AbortError when it is left alone */
export async function askTakeOver({ model, target, owners }: TakeOverQuestion): Promise<boolean> {
  const button = vscode.l10n.t('Change Anyway');
  const question = vscode.l10n.t('Change {0} although something else looks after it?', model);
  const detail = [target, ownersDetail(owners)].join('\n\n');
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, button);
  if (answer !== button) throw new DOMException('The user left the model alone.', 'AbortError');
  return true;
}

/** A line for each owner, about what the question names. */
export function ownersDetail(owners: readonly ObjectOwner[]): string {
  return owners.map(({ name, reaction }) => vscode.l10n.t('{0} looks after it, and {1}.', name, reaction)).join('\n');
}
