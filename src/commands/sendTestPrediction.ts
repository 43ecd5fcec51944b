import * as vscode from 'vscode';
import type { App } from '../app';
import { isUserError } from '../core/errors';
import { withNotification } from '../editor/progress';
import { responseText, type Outcome } from '../editor/prediction/responseText';
import { modelOfTest, requestUri, responseUri } from '../editor/prediction/testDocuments';
import { uriOf, type ModelRef } from '../editor/subject';
import { predict } from '../pipeline/predict';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import type { Command } from './command';
import { testDocuments } from './testPrediction';

/** Sends the request document of a model and shows the answer beside it. */
export const sendTestPrediction: Command = async (app, subject) => {
  const uri = uriOf(subject) ?? vscode.window.activeTextEditor?.document.uri;
  const ref = uri === undefined ? undefined : modelOfTest(uri);
  if (ref === undefined) return;
  const document = await vscode.workspace.openTextDocument(requestUri(ref));
  await document.save();
  const title = vscode.l10n.t('Waiting for {0}', ref.name);
  const body = document.getText();
  const { outcome, version } = await withNotification(title, (_progress, signal) => send(app, ref, body, signal));
  const documents = testDocuments(app);
  if (outcome.kind === 'answer') documents.remember(ref, { body, predictions: outcome.answer.predictions });
  const { home } = await app.services();
  const origin = (await releaseOrigins(home, ref.name)).find((one) => one.version === version);
  const notebook = origin?.notebook?.split('/').at(-1);
  await documents.put(
    responseUri(ref),
    responseText({ model: ref.name, version, notebook, at: new Date().toISOString(), outcome }),
  );
  await showBeside(responseUri(ref));
};

async function send(
  app: App,
  ref: ModelRef,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly outcome: Outcome; readonly version: number | undefined }> {
  const target = await app.target(ref.targetId);
  const version = (await target.models(signal)).find((one) => one.name === ref.name)?.version;
  try {
    const { answer, ms } = await predict(target, ref.name, body, signal);
    return { outcome: { kind: 'answer', answer, ms }, version };
  } catch (error) {
    if (!isUserError(error)) throw error;
    const answered = error.details['body'];
    return {
      outcome: { kind: 'failure', message: error.message, body: typeof answered === 'string' ? answered : undefined },
      version,
    };
  }
}

/** Where it is shown already, else in the group beside the request. */
async function showBeside(uri: vscode.Uri): Promise<void> {
  const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
  await vscode.window.showTextDocument(uri, {
    viewColumn: shown?.viewColumn ?? vscode.ViewColumn.Beside,
    preserveFocus: true,
    preview: false,
  });
}
