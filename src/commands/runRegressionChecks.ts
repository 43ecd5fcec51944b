import * as vscode from 'vscode';
import { UserError } from '../core/errors';
import { withNotification } from '../editor/progress';
import { checksFolder, formatChecks, readChecks, runChecks, type CheckResult } from '../pipeline/regressionChecks';
import type { Command } from './command';
import { projectOf } from './saveRegressionCheck';
import { readOnlyText } from './showPlan';

export const runRegressionChecks: Command = async (app, subject) => {
  const title = vscode.l10n.t('Run Regression Checks');
  const chosen = await app.chooseModel(subject, {
    title,
    fits: (model) => model.endpoint !== undefined,
    noneFits: vscode.l10n.t('No model answers now. Start one, or deploy one.'),
  });
  if (chosen === undefined) return;
  const { target, model } = chosen;
  const project = await projectOf(app, model.name);
  if (project === undefined) return;
  const checks = await readChecks(project, model.name);
  if (checks.length === 0) {
    throw new UserError(
      'NoChecks',
      vscode.l10n.t('There are no regression checks for {0} in {1}.', model.name, checksFolder(project)),
      {
        remedy: {
          kind: 'runCommand',
          label: vscode.l10n.t('Test Prediction'),
          command: 'slipway.testPrediction',
          args: [model.name],
        },
      },
    );
  }
  const results: CheckResult[] = [];
  await withNotification(title, async (progress, signal) => {
    for await (const result of runChecks(target, model.name, checks, signal)) {
      results.push(result);
      progress.show(result.name, results.length / checks.length);
    }
  });
  await readOnlyText(app).show(`${model.name}/regression checks.txt`, `${formatChecks(model.name, results)}\n`);
};
