import * as vscode from 'vscode';
import type { Target, TargetContext } from '../core/target';
import { targetChoices } from './modelFeed';

const targetKey = 'slipway.target';
/** How long a list of namespaces may take before a name can only be typed. */
const listMs = 8000;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Where this workspace deploys to: the only target there is, else the one chosen before, else a pick that is
 * remembered. Undefined when the user cancelled the pick.
 */
export async function chooseTarget(context: TargetContext, memory: vscode.Memento): Promise<Target | undefined> {
  const targets = await targetChoices(context, AbortSignal.timeout(20_000));
  const [first, ...others] = targets;
  if (first !== undefined && others.length === 0) return first;
  return rememberedTarget(targets, memory.get<string>(targetKey)) ?? pick(targets, memory);
}

/** One of those there are, or another namespace of their clusters. */
function rememberedTarget(targets: readonly Target[], id: string | undefined): Target | undefined {
  const exact = targets.find((target) => target.id === id);
  if (exact !== undefined || id === undefined) return exact;
  for (const { namespaces } of targets) {
    const target: Target | undefined = namespaces?.open(id.slice(id.lastIndexOf('/') + 1));
    if (target?.id === id) return target;
  }
  return undefined;
}

/** Asks anew, whatever was chosen before. Undefined when the user cancelled the pick. */
export async function changeTarget(context: TargetContext, memory: vscode.Memento): Promise<Target | undefined> {
  return pick(await targetChoices(context, AbortSignal.timeout(20_000)), memory);
}

async function pick(targets: readonly Target[], memory: vscode.Memento): Promise<Target | undefined> {
  const items = targets.map((target) => ({ label: target.namespaces?.cluster ?? target.displayName, target }));
  const chosen = await vscode.window.showQuickPick(
    items.map((item) => ({ ...item, description: item.target.id })),
    {
      title: vscode.l10n.t('Choose Target'),
      placeHolder: vscode.l10n.t('Choose where models of this workspace run'),
      matchOnDescription: true,
    },
  );
  const target = chosen && (await pickNamespace(chosen.target));
  if (target !== undefined) await memory.update(targetKey, target.id);
  return target;
}

async function pickNamespace(target: Target): Promise<Target | undefined> {
  const { namespaces } = target;
  if (namespaces === undefined) return target;
  const chosen = await vscode.window.showQuickPick(namespaceItems(namespaces), {
    title: vscode.l10n.t('Choose Namespace'),
    placeHolder: vscode.l10n.t('Choose the namespace of {0} that models of this workspace run in', namespaces.cluster),
  });
  if (chosen === undefined) return undefined;
  const name = chosen.name ?? (await enterNamespace());
  return name === undefined ? undefined : namespaces.open(name);
}

interface NamespaceItem extends vscode.QuickPickItem {
  /** Undefined: it is typed. */
  readonly name: string | undefined;
}

/** A cluster that does not answer still takes a name that is typed. */
async function namespaceItems(namespaces: NonNullable<Target['namespaces']>): Promise<NamespaceItem[]> {
  const names = await namespaces.list(AbortSignal.timeout(listMs)).catch((): readonly string[] => []);
  const items = names.map((name) => ({ label: name, name }));
  return [...items, { label: vscode.l10n.t('Enter Name…'), name: undefined }];
}

async function enterNamespace(): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Choose Namespace'),
    prompt: vscode.l10n.t('The name of a namespace that is there'),
    validateInput: (name) =>
      dnsLabel.test(name) ? undefined : vscode.l10n.t('Small letters, digits and hyphens, at most 63 of them'),
  });
}
