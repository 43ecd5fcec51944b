import path from 'node:path';
import * as vscode from 'vscode';
import { repositoryIn } from '../../core/image';
import type { ImageTarget } from '../../pipeline/imageTarget';

/** Where the images of a workspace go: to a registry, or into a place that is asked for each time. */
export type Destination =
  /** `HOST` or `HOST/NAMESPACE` */
  { readonly kind: 'registry'; readonly name: string } | { readonly kind: 'oci' } | { readonly kind: 'docker' };

const chosenKey = 'slipway.registry';
const recentKey = 'slipway.recentRegistries';
const mostRecent = 8;

/** The destination that was chosen in this workspace. */
export function chosenDestination(memory: vscode.Memento): Destination | undefined {
  return memory.get<Destination>(chosenKey);
}

/** Keeps a destination for the workspace, and a registry for the pick of every other one too. */
export async function rememberDestination(
  { workspaceState, globalState }: vscode.ExtensionContext,
  destination: Destination,
): Promise<void> {
  await workspaceState.update(chosenKey, destination);
  if (destination.kind !== 'registry') return;
  const others = recentRegistries(globalState).filter((name) => name !== destination.name);
  await globalState.update(recentKey, [destination.name, ...others].slice(0, mostRecent));
}

/** Registries that were chosen before, in any workspace, the last one first. */
export function recentRegistries(memory: vscode.Memento): readonly string[] {
  return memory.get<readonly string[]>(recentKey) ?? [];
}

/**
 * What the builder is told. For an output the user chooses the folder or file; undefined when the user gave up.
 * @param folder the project's
 * @throws UserError ImageReferenceInvalid
 */
export async function imageTarget(
  destination: Destination,
  model: string,
  folder: string,
): Promise<ImageTarget | undefined> {
  if (destination.kind === 'registry') return { kind: 'registry', reference: repositoryIn(destination.name, model) };
  const isFile = destination.kind === 'docker';
  const uri = await vscode.window.showSaveDialog({
    title: isFile ? vscode.l10n.t('Archive for docker load') : vscode.l10n.t('New Folder for the OCI Layout'),
    saveLabel: vscode.l10n.t('Containerize'),
    defaultUri: vscode.Uri.file(path.join(path.dirname(folder), isFile ? `${model}.tar` : `${model}-image`)),
  });
  return uri === undefined ? undefined : { kind: destination.kind, path: uri.fsPath };
}
