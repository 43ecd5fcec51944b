import path from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import type { ObjectChange, Target } from '../core/target';
import { folderOf } from '../editor/chooseProject';
import { chooseTarget } from '../editor/chooseTarget';
import { runPipeline } from '../editor/runPipeline';
import { saveEditors } from '../editor/saveEditors';
import { projectChanges } from '../pipeline/showChanges';
import type { Command } from './command';
import { imageOf } from './deployModel';
import { pipelineOf } from './pipelineOf';
import { readOnlyText } from './showPlan';

/** Shows what Deploy Model would make of the objects of a cluster, as the cluster tells it. Nothing is built or written. */
export const showDeployChanges: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const folder = await folderOf(uri);
  await saveEditors(folder);
  const services = await app.services();
  const target = await chooseTarget(services.context, app.extension.workspaceState);
  if (target === undefined) return;
  if (!('changes' in target)) throw hasNoObjects(target);
  const image = await imageOf(app, uri, folder);
  if (image === undefined) return;
  const changes = await runPipeline({
    command: vscode.l10n.t('Show Deploy Changes'),
    title: vscode.l10n.t('Asking {0} what would change', target.displayName),
    ...pipelineOf(app, uri, folder),
    onPlan: () => undefined,
    body: (host, subjectPath, signal) =>
      projectChanges(services, withoutNote(host), { path: subjectPath, target: target.id, image }, signal),
  });
  if (changes !== undefined) await show(app, path.basename(folder), changes);
};

const order: readonly ObjectChange['action'][] = ['update', 'delete', 'create'];

/** What runs comes first, and what only keeps the release last. */
function rankOf({ action, kind }: ObjectChange): number {
  return 2 * order.indexOf(action) + (kind === 'ConfigMap' ? 1 : 0);
}

async function show(app: App, project: string, changes: readonly ObjectChange[]): Promise<void> {
  if (changes.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('A deploy of {0} would change nothing.', project));
    return;
  }
  const texts = readOnlyText(app);
  const files = changes
    .toSorted((left, right) => rankOf(left) - rankOf(right))
    .map(({ action, kind, name, before, after }) => {
      const file = `${kind}/${name}.yaml`;
      const now = action === 'create' ? undefined : texts.put(file, before, 'now');
      const then = action === 'delete' ? undefined : texts.put(file, after, 'after');
      return [then ?? now, now, then];
    });
  await vscode.commands.executeCommand('vscode.changes', vscode.l10n.t('{0}: now and after a deploy', project), files);
  const text = vscode.l10n.t(
    'A deploy of {0} would change {1} objects. Nothing was written. The image is not built yet: zeros stand for its digest.',
    project,
    changes.length,
  );
  void vscode.window.showInformationMessage(text);
}

/** That there is no image yet is said with the changes, and is no problem of the project. */
function withoutNote(host: DeployHost): DeployHost {
  return {
    ...host,
    report: (event) => {
      if (event.event !== 'finding' || event.finding.code !== 'ImageNotBuilt') host.report(event);
    },
  };
}

function hasNoObjects({ displayName }: Target): UserError {
  return new UserError('UsageInvalid', vscode.l10n.t('{0} has no objects that a deploy could change.', displayName), {
    remedy: { kind: 'runCommand', label: vscode.l10n.t('Choose Target'), command: 'slipway.chooseTarget' },
  });
}
