import path from 'node:path';
import * as vscode from 'vscode';
import type { DeployHost } from '../core/deploy';
import { isUserError, type UserError } from '../core/errors';
import type { DeployPlan } from '../core/plan';
import type { Finding } from '../core/project';
import { deployHost } from './deployHost';
import { openLocation } from './openLocation';
import type { Problems } from './problems';
import { withNotification } from './progress';
import type { SecretStore } from './secretStore';

/** A use case that takes a project through the pipeline: Deploy Model, Containerize. */
export interface PipelineRun<Result> {
  /** Of the command; heads the pick of a notebook. */
  readonly command: string;
  /** Of the notification: `Deploying iris`. */
  readonly title: string;
  readonly log: vscode.LogOutputChannel;
  readonly problems: Problems;
  readonly secrets: SecretStore;
  /** The project's folder, a notebook or a model file. Absolute. */
  readonly path: string;
  /** The project's folder, which findings are relative to. */
  readonly folder: string;
  readonly onPlan: (plan: DeployPlan) => void;
  /** @param path the notebook that was chosen where several could be meant, else `path` */
  readonly body: (host: DeployHost, path: string, signal: AbortSignal) => Promise<Result>;
}

/**
 * Runs a use case under a cancellable notification. Where several notebooks could be meant, asks which. A cell that
 * failed is opened, with what it raised shown at it. Undefined when the user gave up at a question.
 */
export async function runPipeline<Result>(run: PipelineRun<Result>): Promise<Result | undefined> {
  try {
    return await runOnce(run);
  } catch (error) {
    if (!isUserError(error) || error.code !== 'NotebookAmbiguous') throw error;
    const notebook = await pickNotebook(error, run.command);
    return notebook === undefined ? undefined : runOnce({ ...run, path: notebook });
  }
}

async function runOnce<Result>(run: PipelineRun<Result>): Promise<Result> {
  const { log, problems, secrets, path: subject, folder, onPlan } = run;
  const findings: Finding[] = [];
  try {
    return await withNotification(run.title, (progress, signal) => {
      const host = deployHost({ log, progress, secrets, onPlan, onFinding: (finding) => findings.push(finding) });
      return run.body(host, subject, signal);
    });
  } catch (error) {
    if (isUserError(error) && error.location !== undefined) await showFailure(problems, folder, error);
    throw error;
  } finally {
    for (const finding of findings) await problems.add(folder, finding);
  }
}

/** Opens the place of a failure and says there what was raised. */
async function showFailure(problems: Problems, folder: string, error: UserError): Promise<void> {
  const { location, details } = error;
  if (location === undefined) return;
  const { ename, evalue } = details;
  const message = typeof ename === 'string' ? `${ename}: ${typeof evalue === 'string' ? evalue : ''}` : error.message;
  const file = path.resolve(folder, location.file);
  await problems.add(folder, { code: error.code, severity: 'error', message, location: { ...location, file } });
  if (location.cell !== undefined) await openLocation({ ...location, file });
}

async function pickNotebook(error: UserError, title: string): Promise<string | undefined> {
  const { root, candidates } = error.details;
  if (typeof root !== 'string' || !Array.isArray(candidates)) throw error;
  const items = candidates.map((one: unknown) => ({ label: String(one) }));
  const placeHolder = vscode.l10n.t('Choose the notebook that defines the model');
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder });
  return chosen === undefined ? undefined : path.join(root, chosen.label);
}
