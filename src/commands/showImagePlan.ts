import * as vscode from 'vscode';
import type { DeployEvent, DeployHost } from '../core/deploy';
import { repositoryIn } from '../core/image';
import { folderOf } from '../editor/chooseProject';
import { withNotification, type Progress } from '../editor/progress';
import { chosenDestination } from '../editor/registry/destination';
import { saveEditors } from '../editor/saveEditors';
import { readSetting } from '../editor/settings';
import type { ImageTarget } from '../pipeline/imageTarget';
import { formatImagePlan } from '../pipeline/formatImagePlan';
import { planImageOnly } from '../pipeline/planImageOnly';
import type { App } from '../app';
import type { Command } from './command';
import { imageSettings, modelName } from './imageSettings';
import { findingLines, readOnlyText } from './showPlan';

/** Shows what Containerize would build now, as a document. Nothing is executed, installed or pushed. */
export const showImagePlan: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const folder = await folderOf(uri);
  await saveEditors(folder);
  const services = await app.services();
  const request = { ...imageSettings(uri), path: uri.fsPath, to: await knownTarget(app, uri, folder), byteCode: true };
  const { plans, findings } = await withNotification(vscode.l10n.t('Planning the image'), (progress, signal) =>
    planImageOnly(services, listener(progress), request, signal),
  );
  const text = plans.map(formatImagePlan).join('\n\n');
  await readOnlyText(app).show(`${plans[0]?.name ?? ''}/image-plan.txt`, `${text}\n${findingLines(findings)}`);
};

/** The repository, where a registry was chosen already: a plan asks nothing. */
async function knownTarget(app: App, uri: vscode.Uri, folder: string): Promise<ImageTarget | undefined> {
  const chosen = chosenDestination(app.extension.workspaceState);
  const setting = readSetting(vscode.workspace.getConfiguration(undefined, uri), 'slipway.registry').trim();
  const name = chosen === undefined ? setting : chosen.kind === 'registry' ? chosen.name : '';
  return name === '' ? undefined : { kind: 'registry', reference: repositoryIn(name, await modelName(folder)) };
}

function listener(progress: Progress): DeployHost {
  return {
    report: (event: DeployEvent) => {
      if (event.event === 'step') progress.show(event.message);
    },
    confirmExecution: () => Promise.resolve(false),
    secret: () => Promise.resolve(undefined),
  };
}
