import * as vscode from 'vscode';
import type { App } from '../app';
import type { DeployedModel } from '../core/deployment';
import type { ChosenModel } from '../editor/chooseModel';
import { readableJson } from '../core/readableJson';
import { tracebackLinkProvider } from '../editor/logs/linkProvider';
import { withNotification } from '../editor/progress';
import { modelOfTest, requestUri, TestDocuments, testScheme } from '../editor/prediction/testDocuments';
import { testLenses } from '../editor/prediction/testLenses';
import type { ModelRef } from '../editor/subject';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import { whileReachable } from '../pipeline/reach';
import { requestExample } from '../pipeline/requestExample';
import type { Command } from './command';

/** Opens the request document of a model, with its input example the first time. */
export const testPrediction: Command = async (app, subject) => {
  const title = vscode.l10n.t('Test Prediction');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model) => model.endpoint !== undefined,
    noneFits: vscode.l10n.t('No model answers now. Start one, or deploy one.'),
  });
  if (chosen === undefined) return;
  const { name, targetId } = chosen.model;
  const documents = testDocuments(app);
  const uri = requestUri({ name, targetId });
  if (!(await documents.has(uri))) await writeExample(documents, uri, chosen, title);
  await vscode.window.showTextDocument(uri, { preview: false });
};

async function writeExample(
  documents: TestDocuments,
  uri: vscode.Uri,
  { target, model }: ChosenModel,
  title: string,
): Promise<void> {
  const { endpoint, name } = model;
  const example =
    endpoint === undefined
      ? undefined
      : await withNotification(title, (_progress, signal) =>
          whileReachable(target, model, signal, (at) => requestExample(at, name, signal)),
        );
  await documents.put(uri, `${readableJson(example?.body ?? { inputs: [] })}\n`);
  if (example?.from === 'example') return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t(
      '{0} has no input example. Write a request in the document, then send it with the link above its first line.',
      name,
    ),
  );
}

/** The documents of this window, with their lenses and links; also called when the editor restores one of them. */
export function testDocuments(app: App): TestDocuments {
  return app.shared('testDocuments', () => {
    const storage = app.extension.storageUri ?? app.extension.globalStorageUri;
    const documents = new TestDocuments(vscode.Uri.joinPath(storage, 'predictions').fsPath);
    const changed = new vscode.EventEmitter<void>();
    const links = tracebackLinkProvider(
      (document) => modelOfTest(document.uri)?.name,
      async (model) => releaseOrigins((await app.services()).home, model),
    );
    const subscription = app.models.onChange(() => {
      changed.fire();
    });
    app.extension.subscriptions.push(
      changed,
      subscription,
      vscode.workspace.registerFileSystemProvider(testScheme, documents, { isCaseSensitive: true }),
      vscode.languages.registerCodeLensProvider(
        { scheme: testScheme },
        testLenses((ref) => lastSeen(app, ref), changed.event),
      ),
      vscode.languages.registerDocumentLinkProvider({ scheme: testScheme }, links),
    );
    return documents;
  });
}

function lastSeen(app: App, ref: ModelRef): DeployedModel | undefined {
  return app.models.entries
    .find((entry) => entry.source.id === ref.targetId)
    ?.value?.find((model) => model.name === ref.name);
}
