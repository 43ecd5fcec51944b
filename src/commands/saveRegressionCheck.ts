import * as vscode from 'vscode';
import type { App } from '../app';
import { slug } from '../core/home';
import { UserError } from '../core/errors';
import { folderOf } from '../editor/chooseProject';
import { withNotification } from '../editor/progress';
import { modelOfTest, requestUri, type SentRequest } from '../editor/prediction/testDocuments';
import { uriOf, type ModelRef } from '../editor/subject';
import { predict } from '../pipeline/predict';
import { defaultTolerance, saveCheck } from '../pipeline/regressionChecks';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import type { Command } from './command';
import { testDocuments } from './testPrediction';

/** Keeps a request with what the model answers to it as `checks/NAME.json` in the project. */
export const saveRegressionCheck: Command = async (app, subject) => {
  const uri = uriOf(subject) ?? vscode.window.activeTextEditor?.document.uri;
  const ref = uri === undefined ? undefined : modelOfTest(uri);
  if (ref === undefined) {
    throw new UserError(
      'NoRequest',
      vscode.l10n.t('A regression check is made from a request that a model answered.'),
      {
        remedy: { kind: 'runCommand', label: vscode.l10n.t('Test Prediction'), command: 'slipway.testPrediction' },
      },
    );
  }
  const title = vscode.l10n.t('Save as Regression Check');
  const sent = await answeredRequest(app, ref, title);
  const project = await projectOf(app, ref.name);
  const name = project === undefined ? undefined : await askName(title, ref.name);
  if (project === undefined || name === undefined) return;
  const request = JSON.parse(sent.body) as unknown;
  const file = await saveCheck(project, name, {
    schema: 1,
    model: ref.name,
    request,
    expected: sent.predictions,
    tolerance: defaultTolerance,
  });
  // Unlike showTextDocument it does not fail when the user opens something else meanwhile.
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file));
};

/** The project that the newest release came from; asked for when the model runs elsewhere. */
export async function projectOf(app: App, model: string): Promise<string | undefined> {
  const [origin] = await releaseOrigins((await app.services()).home, model);
  if (origin !== undefined) return origin.project;
  const chosen = await app.chooseProject(undefined);
  return chosen === undefined ? undefined : folderOf(chosen);
}

/** What the user saw as the answer; a request that was changed since is sent again. */
async function answeredRequest(app: App, ref: ModelRef, title: string): Promise<SentRequest> {
  const documents = testDocuments(app);
  const body = (await vscode.workspace.openTextDocument(requestUri(ref))).getText();
  const answered = documents.answered(ref, body);
  if (answered !== undefined) return answered;
  const target = await app.target(ref.targetId);
  const { answer } = await withNotification(title, (_progress, signal) => predict(target, ref.name, body, signal));
  return { body, predictions: answer.predictions };
}

async function askName(title: string, model: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('Name of the check. It is written to the folder checks of the project.'),
    value: `${slug(model)}-1`,
    validateInput: (text) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)
        ? undefined
        : vscode.l10n.t('Letters, digits, dots, hyphens and underscores, starting with a letter or digit.'),
  });
}
