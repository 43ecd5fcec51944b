import path from 'node:path';
import * as vscode from 'vscode';
import type { DeployedModel } from '../core/deployment';
import { isUserError, type UserError } from '../core/errors';
import type { DeployPlan } from '../core/plan';
import type { Finding } from '../core/project';
import { deployModel, type DeployModelRequest } from '../pipeline/deployModel';
import type { Services } from '../pipeline/services';
import { deployHost } from './deployHost';
import { openLocation } from './openLocation';
import type { Problems } from './problems';
import { withNotification } from './progress';
import type { SecretStore } from './secretStore';

export interface Deploy {
  readonly services: Services;
  readonly log: vscode.LogOutputChannel;
  readonly problems: Problems;
  readonly secrets: SecretStore;
  readonly request: DeployModelRequest;
  /** The project's folder, which findings are relative to. */
  readonly folder: string;
  readonly onPlan: (plan: DeployPlan) => void;
}

/**
 * Deploys under a cancellable notification. Where several notebooks could be meant, asks which. A cell that failed is
 * opened, with what it raised shown at it. Undefined when the user gave up at a question.
 */
export async function deploy(job: Deploy): Promise<DeployedModel | undefined> {
  try {
    return await deployOnce(job);
  } catch (error) {
    if (!isUserError(error) || error.code !== 'NotebookAmbiguous') throw error;
    const notebook = await pickNotebook(error);
    return notebook === undefined ? undefined : deployOnce({ ...job, request: { ...job.request, path: notebook } });
  }
}

async function deployOnce(job: Deploy): Promise<DeployedModel> {
  const { services, log, problems, secrets, request, folder } = job;
  const findings: Finding[] = [];
  const title = vscode.l10n.t('Deploying {0}', path.basename(request.path));
  log.info(`deploy ${request.path} to ${request.target}`);
  try {
    return await withNotification(title, (progress, signal) => {
      const host = deployHost({
        log,
        progress,
        secrets,
        onPlan: job.onPlan,
        onFinding: (finding) => findings.push(finding),
      });
      return deployModel(services, host, request, signal);
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

async function pickNotebook(error: UserError): Promise<string | undefined> {
  const { root, candidates } = error.details;
  if (typeof root !== 'string' || !Array.isArray(candidates)) throw error;
  const items = candidates.map((one: unknown) => ({ label: String(one) }));
  const title = vscode.l10n.t('Deploy Model');
  const placeHolder = vscode.l10n.t('Choose the notebook that defines the model');
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder });
  return chosen === undefined ? undefined : path.join(root, chosen.label);
}
