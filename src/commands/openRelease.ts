import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import { imageOf } from '../editor/subject';
import { releasesOf, type FoundRelease } from '../tree/releasesOf';
import type { App } from '../app';
import type { Command } from './command';

/** Shows the release that an image is, in the Models view. */
export const openRelease: Command = async (app, subject) => {
  const image = imageOf(subject);
  if (image?.tag === undefined || image.digest === undefined) return;
  const { tag, digest, bundle } = image;
  await app.refresh();
  const found = releasesOf(
    app.models.entries.map(({ source, value = [] }) => ({ targetId: source.id, models: value })),
    { digest, ...(bundle === undefined ? {} : { bundle }) },
  );
  if (found.length === 0) throw noRelease(tag);
  const chosen = found.length === 1 ? found[0] : await pick(app, found);
  if (chosen === undefined) return;
  await vscode.commands.executeCommand('slipway.models.focus');
  await app.reveal(chosen, chosen.version);
};

async function pick(app: App, found: readonly FoundRelease[]): Promise<FoundRelease | undefined> {
  const names = new Map(app.models.entries.map(({ source }) => [source.id, source.displayName]));
  const items = found.map((release) => ({
    label: vscode.l10n.t('{0} v{1}', release.name, release.version),
    description: names.get(release.targetId) ?? release.targetId,
    release,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Open Release'),
    placeHolder: vscode.l10n.t('Choose one of the releases of this image'),
  });
  return chosen?.release;
}

function noRelease(tag: string): UserError {
  return new UserError(
    'ImageNotReleased',
    vscode.l10n.t('No model that this machine knows has a release of the image {0}.', tag),
    {
      remedy: {
        kind: 'hint',
        label: vscode.l10n.t(
          'It was built and not deployed, or its release was removed. Open Project shows its sources.',
        ),
      },
    },
  );
}
