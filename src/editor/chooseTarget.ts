import * as vscode from 'vscode';
import type { Target, TargetContext } from '../core/target';
import { targetChoices } from './modelFeed';

const targetKey = 'slipway.target';

/**
 * Where this workspace deploys to: the only target there is, else the one chosen before, else a pick that is
 * remembered. Undefined when the user cancelled the pick.
 */
export async function chooseTarget(context: TargetContext, memory: vscode.Memento): Promise<Target | undefined> {
  const targets = await targetChoices(context, AbortSignal.timeout(20_000));
  const [first, ...others] = targets;
  if (first !== undefined && others.length === 0) return first;
  const remembered = targets.find((target) => target.id === memory.get<string>(targetKey));
  return remembered ?? pick(targets, memory);
}

/** Asks anew, whatever was chosen before. Undefined when the user cancelled the pick. */
export async function changeTarget(context: TargetContext, memory: vscode.Memento): Promise<Target | undefined> {
  return pick(await targetChoices(context, AbortSignal.timeout(20_000)), memory);
}

async function pick(targets: readonly Target[], memory: vscode.Memento): Promise<Target | undefined> {
  const items = targets.map((target) => ({ label: target.displayName, description: target.id, target }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Choose Target'),
    placeHolder: vscode.l10n.t('Choose where models of this workspace run'),
    matchOnDescription: true,
  });
  if (chosen !== undefined) await memory.update(targetKey, chosen.target.id);
  return chosen?.target;
}
