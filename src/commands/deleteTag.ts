import * as vscode from 'vscode';
import { withNotification } from '../editor/progress';
import { imageOf } from '../editor/subject';
import { deleteTag as deleteFromRegistry } from '../pipeline/deleteTag';
import { unread, type Listing } from '../tree/registryTree';
import type { App } from '../app';
import type { ImageTag } from '../core/registry';
import type { Command } from './command';

/** Deletes a tag from its registry, after a question that says what else may go with it. */
export const deleteTag: Command = async (app, subject) => {
  const { registry, repository, tag, digest } = imageOf(subject) ?? {};
  if (registry === undefined || repository === undefined || tag === undefined || digest === undefined) return;
  const name = `${registry}/${repository}:${tag}`;
  const button = vscode.l10n.t('Delete Tag');
  const question = vscode.l10n.t('Delete the tag {0}?', name);
  const detail = vscode.l10n.t(
    'Whoever pulls this tag gets nothing from then on. A registry that cannot delete a tag alone deletes the image, also for those who pull it by its digest. The project on disk stays as it is.',
  );
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) !== button) return;
  const request = {
    ...{ registry, repository, tag, digest },
    insecure: app.registryAccess().insecure,
    confirmImage: () => confirmImage(registry, tagsOf(app, registry, repository), { tag, digest }),
  };
  const services = await app.services();
  try {
    await withNotification(vscode.l10n.t('Deleting {0}', name), (_progress, signal) =>
      deleteFromRegistry(services, request, signal),
    );
  } finally {
    await app.registries.refresh();
  }
};

function tagsOf(app: App, host: string, repository: string): Listing<ImageTag> {
  const registry = app.registries.registries.find((one) => one.host === host);
  return registry?.repositories.items.find((one) => one.name === repository)?.tags ?? unread;
}

/** A registry that cannot delete a tag alone deletes the image, which matters where the image has other tags. */
async function confirmImage(
  host: string,
  { items, isRead, next }: Listing<ImageTag>,
  { tag, digest }: Pick<ImageTag, 'tag' | 'digest'>,
): Promise<boolean> {
  const others = items.filter((one) => one.digest === digest && one.tag !== tag).map((one) => one.tag);
  const isAll = isRead && next === undefined;
  if (isAll && others.length === 0) return true;
  const button = vscode.l10n.t('Delete Image');
  const question = vscode.l10n.t('{0} cannot delete a tag alone. Delete the image with all of its tags?', host);
  const known = others.length === 0 ? '' : vscode.l10n.t('Its other tags: {0}', others.join(', '));
  const detail = [digest, known].filter((line) => line !== '').join('\n');
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) === button;
}
