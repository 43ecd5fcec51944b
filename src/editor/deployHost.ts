import path from 'node:path';
import * as vscode from 'vscode';
import type { ConsentQuestion, DeployEvent, DeployHost, DeployStep, PullSecretQuestion } from '../core/deploy';
import type { Finding } from '../core/project';
import type { DeployPlan } from '../core/plan';
import { formatBytes } from '../pipeline/formatPlan';
import type { Progress } from './progress';
import { readSecret, type SecretStore } from './secretStore';

export interface DeployHostOptions {
  readonly log: vscode.LogOutputChannel;
  readonly progress: Progress;
  readonly secrets: SecretStore;
  readonly onPlan: (plan: DeployPlan) => void;
  readonly onFinding: (finding: Finding) => void;
}

/** Where each step begins on the way from 0 to 1; cells move it on while the notebook is executed. */
const starts: Readonly<Record<DeployStep, number>> = {
  inspect: 0,
  base: 0.02,
  packages: 0.8,
  lock: 0.05,
  environment: 0.15,
  train: 0.4,
  package: 0.8,
  build: 0.8,
  push: 0.8,
  deploy: 0.85,
};

/** Shows a deploy in a progress notification and in the log, and asks its questions. */
export function deployHost(options: DeployHostOptions): DeployHost {
  return {
    report: (event) => {
      report(options, event);
    },
    confirmExecution: confirmExecution,
    secret: (name, signal) => readSecret(options.secrets, name, signal),
    confirmPullSecret,
  };
}

async function confirmPullSecret({ target, registry, username }: PullSecretQuestion): Promise<boolean> {
  const create = vscode.l10n.t('Create Pull Secret');
  const message = vscode.l10n.t('The nodes of {0} need a credential to pull from {1}.', target, registry);
  const detail = vscode.l10n.t(
    'The credential of {0} for {1} would be kept as a secret in {2}. Whoever may read secrets there can read it.',
    username,
    registry,
    target,
  );
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, create)) === create;
}

function report({ log, progress, onPlan, onFinding }: DeployHostOptions, event: DeployEvent): void {
  switch (event.event) {
    case 'step':
      reportStep(log, progress, event);
      return;
    case 'cell':
      reportCell(log, progress, event);
      return;
    case 'output':
      reportOutput(log, progress, event);
      return;
    case 'finding':
      log.warn(`${event.finding.code}: ${event.finding.message}`);
      onFinding(event.finding);
      return;
    case 'plan':
      log.info(
        `plan: ${event.plan.entry} with Python ${event.plan.python.version} (${event.plan.python.why}); ${event.plan.training.why}`,
      );
      onPlan(event.plan);
      return;
    case 'imagePlan':
      log.info(`image: ${event.plan.layers.length} layers on ${event.plan.base.reference}`);
      return;
    case 'transfer':
      progress.show(`${formatBytes(event.bytes)} pushed, ${formatBytes(event.bytesPerSecond)}/s`);
      return;
    case 'built':
      progress.show(event.image, 1);
      log.info(`built ${event.image}`);
      return;
    case 'deployed':
      progress.show(event.model.endpoint, 1);
      log.info(
        `deployed ${event.model.name} v${String(event.model.version)} to ${event.model.target}: ${event.model.endpoint}`,
      );
      return;
  }
}

/** Of a rollout that is all there is to see. */
function reportOutput(
  log: vscode.LogOutputChannel,
  progress: Progress,
  { source, text }: Extract<DeployEvent, { event: 'output' }>,
): void {
  log.info(`[${source}] ${text.trimEnd()}`);
  if (source === 'deploy') progress.show(shortened(text));
}

const longestProgress = 120;

/** The log has all of it. */
function shortened(text: string): string {
  const short = text.replace(/@sha256:[0-9a-f]{64}/g, '');
  return short.length > longestProgress ? `${short.slice(0, longestProgress).trimEnd()}…` : short;
}

function reportStep(
  log: vscode.LogOutputChannel,
  progress: Progress,
  event: Extract<DeployEvent, { event: 'step' }>,
): void {
  if (event.state === 'started') progress.show(event.message, starts[event.step]);
  log.info(
    `${event.step} ${event.state}: ${event.message}${event.ms === undefined ? '' : ` (${String(event.ms)} ms)`}`,
  );
}

function reportCell(
  log: vscode.LogOutputChannel,
  progress: Progress,
  event: Extract<DeployEvent, { event: 'cell' }>,
): void {
  const { index, of, state, text } = event;
  if (state === 'running')
    progress.show(
      vscode.l10n.t('Executing cell {0} of {1}', index + 1, of),
      starts.train + (0.4 * index) / Math.max(of, 1),
    );
  log.info(`cell ${String(index + 1)}/${String(of)} ${state}${text === undefined ? '' : `: ${text}`}`);
}

async function confirmExecution(question: ConsentQuestion): Promise<boolean> {
  const execute = vscode.l10n.t('Execute Notebook');
  const message = vscode.l10n.t('Execute {0} on this machine?', path.basename(question.notebook));
  const chosen = await vscode.window.showWarningMessage(
    message,
    { modal: true, detail: consentDetail(question) },
    execute,
  );
  return chosen === execute;
}

/** At most this many lines of a kind: the dialog does not scroll. */
const mostListed = 8;

function consentDetail(question: ConsentQuestion): string {
  const cells =
    question.cells === 1
      ? vscode.l10n.t('1 code cell is executed from top to bottom.')
      : vscode.l10n.t('{0} code cells are executed from top to bottom.', question.cells);
  const time =
    question.recordedSeconds === undefined
      ? undefined
      : vscode.l10n.t('They took {0} when the notebook was last run.', duration(question.recordedSeconds));
  const parts = [
    [cells, time].filter((one) => one !== undefined).join(' '),
    listed(vscode.l10n.t('Shell commands in the notebook:'), question.shellMagics),
    listed(vscode.l10n.t('Files outside the project:'), question.outsidePaths),
    vscode.l10n.t('This is asked once for {0}.', question.project),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function listed(title: string, lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined;
  const more = lines.length > mostListed ? [vscode.l10n.t('and {0} more', lines.length - mostListed)] : [];
  return [title, ...lines.slice(0, mostListed).map((line) => line.slice(0, 120)), ...more].join('\n');
}

function duration(seconds: number): string {
  if (seconds < 90) return vscode.l10n.t('{0} s', seconds < 10 ? seconds.toFixed(1) : Math.round(seconds));
  return vscode.l10n.t('{0} min', Math.round(seconds / 60));
}
