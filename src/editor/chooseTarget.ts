import * as vscode from 'vscode';
import type { TargetContext } from '../core/target';
import { discoverTargets } from './modelFeed';

const targetKey = 'slipway.target';

/**
 * Where this workspace deploys to: the only target there is, else the one chosen before, else a pick that is
 * remembered. Undefined when the user cancelled the pick.
 */
export async function chooseTarget(context: TargetContext, memory: vscode.Memento): Promise<string | undefined> {
  const targets = await discoverTargets(context, AbortSignal.timeout(20_000));
  const [first, ...others] = targets;
  if (first !== undefined && others.length === 0) return first.id;
  const remembered = targets.find((target) => target.id === memory.get<string>(targetKey));
  if (remembered !== undefined) return remembered.id;
  const items = targets.map((target) => ({ label: target.displayName, description: target.id, id: target.id }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Deploy Model'),
    placeHolder: vscode.l10n.t('Choose where models of this workspace run'),
  });
  if (chosen !== undefined) await memory.update(targetKey, chosen.id);
  return chosen?.id;
}
