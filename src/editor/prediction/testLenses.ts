import * as vscode from 'vscode';
import type { DeployedModel } from '../../core/deployment';
import type { ModelRef } from '../subject';
import { modelOfTest } from './testDocuments';

/** Above a request: send it, keep it as a check. `modelOf` gives what is known of a model without asking for it. */
export function testLenses(
  modelOf: (ref: ModelRef) => DeployedModel | undefined,
  onChange: vscode.Event<void>,
): vscode.CodeLensProvider {
  return {
    onDidChangeCodeLenses: onChange,
    provideCodeLenses: (document) => {
      const ref = modelOfTest(document.uri);
      if (ref === undefined || !document.uri.path.endsWith('.request.json')) return [];
      const top = new vscode.Range(0, 0, 0, 0);
      const version = modelOf(ref)?.version;
      const who = version === undefined ? ref.name : `${ref.name} v${String(version)}`;
      return [
        new vscode.CodeLens(top, {
          title: vscode.l10n.t('$(play) Send to {0}', who),
          command: 'slipway.sendTestPrediction',
          arguments: [document.uri],
        }),
        new vscode.CodeLens(top, {
          title: vscode.l10n.t('$(save) Save as Regression Check'),
          command: 'slipway.saveRegressionCheck',
          arguments: [document.uri],
        }),
      ];
    },
  };
}
