import * as vscode from 'vscode';
import { knownRegistries } from '../../clients/registry/dockerConfig';
import { isUserError } from '../../core/errors';
import { repositoryIn } from '../../core/image';
import { recentRegistries, type Destination } from './destination';

interface DestinationItem extends vscode.QuickPickItem {
  /** Undefined: the address is typed. */
  readonly destination?: Destination;
  /** What the box of the address begins with. */
  readonly start?: string;
}

/**
 * Asks where images go: registries of before, those that Docker knows, one that is typed, or no registry at all.
 * Undefined when the user gave up. The registry is not checked.
 */
export async function pickDestination(
  memory: vscode.Memento,
  chosen: Destination | undefined,
): Promise<Destination | undefined> {
  const picked = await vscode.window.showQuickPick(await items(memory, chosen), {
    title: vscode.l10n.t('Choose Registry'),
    placeHolder: vscode.l10n.t('Choose where images of this workspace go'),
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  return picked.destination ?? (await typeRegistry(picked.start ?? ''));
}

async function items(memory: vscode.Memento, chosen: Destination | undefined): Promise<readonly DestinationItem[]> {
  const recent = recentRegistries(memory);
  const hosts = await knownRegistries().catch(() => []);
  const current = chosen?.kind === 'registry' ? chosen.name : undefined;
  return [
    ...separator(vscode.l10n.t('recently used'), recent),
    ...recent.map((name) => ({
      label: `$(package) ${name}`,
      ...(name === current ? { description: vscode.l10n.t('chosen in this workspace') } : {}),
      destination: { kind: 'registry' as const, name },
    })),
    ...separator(vscode.l10n.t('known to Docker'), hosts),
    ...hosts.map((host) => ({ label: `$(key) ${host}`, start: `${host}/` })),
    { label: vscode.l10n.t('other'), kind: vscode.QuickPickItemKind.Separator },
    { label: vscode.l10n.t('$(add) Enter Address of a Registry…') },
    {
      label: vscode.l10n.t('$(file-zip) Archive for docker load…'),
      description: vscode.l10n.t('a file, no registry needed'),
      destination: { kind: 'docker' },
    },
    {
      label: vscode.l10n.t('$(folder) OCI Layout…'),
      description: vscode.l10n.t('a folder, no registry needed'),
      destination: { kind: 'oci' },
    },
  ];
}

function separator(label: string, below: readonly unknown[]): readonly DestinationItem[] {
  return below.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }];
}

async function typeRegistry(start: string): Promise<Destination | undefined> {
  const typed = await vscode.window.showInputBox({
    title: vscode.l10n.t('Choose Registry'),
    prompt: vscode.l10n.t('Host of the registry, with the namespace that you push to.'),
    placeHolder: 'ghcr.io/ana',
    value: start,
    valueSelection: [start.length, start.length],
    ignoreFocusOut: true,
    validateInput: problemOf,
  });
  if (typed === undefined) return undefined;
  const { registry, repository } = repositoryIn(typed, 'model');
  const namespace = repository.split('/').slice(0, -1).join('/');
  return { kind: 'registry', name: namespace === '' ? registry : `${registry}/${namespace}` };
}

/** Docker Hub takes pushes to a namespace only. */
function problemOf(text: string): string | undefined {
  try {
    const { registry, repository } = repositoryIn(text, 'model');
    return registry === 'docker.io' && repository === 'library/model'
      ? vscode.l10n.t('Docker Hub needs a namespace: docker.io/ana')
      : undefined;
  } catch (error) {
    return isUserError(error)
      ? vscode.l10n.t('Write HOST/NAMESPACE in lower case, for example ghcr.io/ana.')
      : String(error);
  }
}
