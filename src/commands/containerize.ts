import path from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import type { BuiltImage } from '../core/deploy';
import { isUserError, UserError } from '../core/errors';
import { parseImageReference } from '../core/image';
import { folderOf } from '../editor/chooseProject';
import { imageTarget } from '../editor/registry/destination';
import { ensurePush } from '../editor/registry/logIn';
import { runPipeline } from '../editor/runPipeline';
import { saveEditors } from '../editor/saveEditors';
import { buildImage } from '../pipeline/buildImage';
import type { ImageTarget } from '../pipeline/imageTarget';
import { chooseDestination } from './chooseRegistry';
import type { Command } from './command';
import { imageSettings, modelName } from './imageSettings';
import { pipelineOf } from './pipelineOf';

/** From the notebook, model file or folder to a container image, named by its digest. */
export const containerize: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const folder = await folderOf(uri);
  const underWay = app.shared('containerizing', () => new UnderWay());
  await underWay.once(folder, () => containerizeProject(app, uri, folder));
};

async function containerizeProject(app: App, uri: vscode.Uri, folder: string): Promise<void> {
  await saveEditors(folder);
  const model = await modelName(folder);
  const destination = await chooseDestination(app, uri);
  const to = destination === undefined ? undefined : await imageTarget(destination, model, folder);
  if (to === undefined) return;
  // A registry that refuses should do so before the notebook is executed.
  if (to.kind === 'registry' && !(await ensurePush(to.reference, app.registryAccess()))) return;
  const built = await build(app, uri, folder, to);
  if (built === undefined) return;
  void showBuilt(model, to, built);
  await app.registries.refresh();
}

async function build(app: App, uri: vscode.Uri, folder: string, to: ImageTarget): Promise<BuiltImage | undefined> {
  const services = await app.services();
  const settings = imageSettings(uri);
  app.log.info(`containerize ${uri.fsPath}`);
  try {
    return await runPipeline({
      command: vscode.l10n.t('Containerize'),
      title: vscode.l10n.t('Containerizing {0}', path.basename(uri.fsPath)),
      ...pipelineOf(app, uri, folder),
      onPlan: () => undefined,
      body: (host, subjectPath, signal) =>
        buildImage(services, host, { ...settings, path: subjectPath, to, byteCode: true, retrain: false }, signal),
    });
  } catch (error) {
    throw isUserError(error) && error.code === 'RegistryUnauthorized' ? withLogin(error) : error;
  }
}

/** In the editor, credentials are typed: Choose Registry asks for them. */
function withLogin(error: UserError): UserError {
  return new UserError('RegistryUnauthorized', error.message, {
    cause: error.cause,
    details: error.details,
    remedy: { kind: 'runCommand', label: vscode.l10n.t('Choose Registry'), command: 'slipway.chooseRegistry' },
  });
}

async function showBuilt(model: string, to: ImageTarget, { image }: BuiltImage): Promise<void> {
  if (to.kind !== 'registry') {
    const copyPath = vscode.l10n.t('Copy Path');
    const message = vscode.l10n.t('The image of {0} was written to {1}.', model, to.path);
    if ((await vscode.window.showInformationMessage(message, copyPath)) === copyPath)
      await vscode.env.clipboard.writeText(to.path);
    return;
  }
  const [copyDigest, copyReference] = [vscode.l10n.t('Copy Digest'), vscode.l10n.t('Copy Pull Reference')];
  const message = vscode.l10n.t('{0} was pushed as {1}.', model, image);
  const chosen = await vscode.window.showInformationMessage(message, copyDigest, copyReference);
  if (chosen === copyDigest) await vscode.env.clipboard.writeText(parseImageReference(image).digest ?? image);
  else if (chosen === copyReference) await vscode.env.clipboard.writeText(image);
}

/** Projects that this window containerizes now: a second one of the same would push the same. */
class UnderWay implements vscode.Disposable {
  readonly #folders = new Set<string>();

  /** @throws UserError ContainerizeRunning */
  async once(folder: string, body: () => Promise<void>): Promise<void> {
    if (this.#folders.has(folder)) throw running(folder);
    this.#folders.add(folder);
    try {
      await body();
    } finally {
      this.#folders.delete(folder);
    }
  }

  dispose(): void {
    this.#folders.clear();
  }
}

function running(folder: string): UserError {
  const message = vscode.l10n.t('{0} is being containerized already.', path.basename(folder));
  return new UserError('ContainerizeRunning', message, {
    remedy: { kind: 'hint', label: vscode.l10n.t('Wait for its notification, or cancel it there.') },
  });
}
