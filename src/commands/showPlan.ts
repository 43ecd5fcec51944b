import * as vscode from 'vscode';
import type { App } from '../app';
import type { Finding } from '../core/project';
import { withNotification } from '../editor/progress';
import { ReadOnlyText } from '../editor/readOnlyText';
import { saveEditors } from '../editor/saveEditors';
import { folderOf } from '../editor/chooseProject';
import { formatPlan } from '../pipeline/formatPlan';
import { planOnly } from '../pipeline/planOnly';
import { readProjectState } from '../pipeline/projectState';
import { findProject } from '../project/projectRoot';
import type { Command } from './command';

/** Shows what Deploy Model would do now, as a document. */
export const showPlan: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  await saveEditors(await folderOf(uri));
  const services = await app.services();
  const { plan, findings } = await withNotification(vscode.l10n.t('Planning'), async (progress, signal) => {
    const { root } = await findProject(uri.fsPath, signal);
    const target = (await readProjectState(services.home, root)).target ?? 'local';
    return planOnly(
      services,
      { path: uri.fsPath, target },
      (line) => {
        progress.show(line);
      },
      signal,
    );
  });
  app.plans.set(plan.project, plan);
  await readOnlyText(app).show(`${plan.name}/plan.txt`, `${formatPlan(plan)}\n${findingLines(findings)}`);
};

/** Documents that are only read: plans and results of checks. */
export function readOnlyText(app: App): ReadOnlyText {
  return app.shared('readOnlyText', () => new ReadOnlyText('slipway-plan'));
}

/** Findings below a plan. */
export function findingLines(findings: readonly Finding[]): string {
  if (findings.length === 0) return '';
  return `\n${vscode.l10n.t('Findings')}\n${findings.map((one) => `  ${one.severity.padEnd(8)} ${one.code}: ${one.message}\n`).join('')}`;
}
