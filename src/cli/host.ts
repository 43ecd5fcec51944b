import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { parseEnv } from 'node:util';
import type { BuiltImage, ConsentQuestion, DeployEvent, DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { formatImagePlan } from '../pipeline/formatImagePlan';
import { count, formatBytes, formatPlan } from '../pipeline/formatPlan';
import { describeConsent } from './consent';
import type { Output } from './output';

/** Reports a deploy to a terminal or a program, and answers its questions from options, the environment or the keyboard. */
export async function cliHost(
  output: Output,
  options: { readonly yes: boolean; readonly envFile: string | undefined; readonly createPullSecret?: boolean },
): Promise<DeployHost> {
  const secret = await secretSource(options.envFile);
  return {
    report: (event) => {
      output.emit(event);
      if (!output.json) show(output, event);
    },
    confirmExecution: (question, signal) => confirm(output, question, options.yes, signal),
    secret,
    confirmPullSecret: ({ target, registry, username }) => {
      if (options.createPullSecret !== true) return Promise.resolve(false);
      output.say(`The credential of ${username} for ${registry} goes to ${target}, where its nodes pull with it.`);
      return Promise.resolve(true);
    },
  };
}

/** Values of secrets from the file given with `--env-file`, then from the environment. */
export async function secretSource(envFile: string | undefined): Promise<DeployHost['secret']> {
  const values = envFile === undefined ? {} : await readEnvFile(envFile);
  return (name) => Promise.resolve(values[name] ?? process.env[name]);
}

async function readEnvFile(file: string): Promise<NodeJS.Dict<string>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UserError('EnvFileUnreadable', `The file ${file} with the values of secrets could not be read.`, {
      cause,
      remedy: { kind: 'hint', label: 'Check the path given with --env-file.' },
    });
  });
  return parseEnv(text);
}

async function confirm(output: Output, question: ConsentQuestion, yes: boolean, signal: AbortSignal): Promise<boolean> {
  if (yes) return true;
  if (output.json || !process.stdin.isTTY) {
    throw new UserError(
      'ConsentRequired',
      `Deploying executes the notebook ${question.notebook} (${String(question.cells)} cells) on this machine, and nobody is here to agree.`,
      {
        remedy: { kind: 'hint', label: 'Read the notebook, then deploy with --yes.' },
      },
    );
  }
  output.say(describeConsent(question));
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await prompt.question('Execute it? [y/N] ', { signal })).trim());
  } finally {
    prompt.close();
  }
}

type ImageEvent = Extract<DeployEvent, { event: 'imagePlan' | 'transfer' | 'built' }>;

function isOfImage(event: DeployEvent): event is ImageEvent {
  return event.event === 'imagePlan' || event.event === 'transfer' || event.event === 'built';
}

function show(output: Output, event: DeployEvent): void {
  if (isOfImage(event)) showImage(output, event);
  else showDeploy(output, event);
}

function showDeploy(output: Output, event: Exclude<DeployEvent, ImageEvent>): void {
  switch (event.event) {
    case 'step':
      showStep(output, event);
      return;
    case 'finding':
      output.say(`  ${event.finding.severity}: ${event.finding.message}`);
      return;
    case 'plan':
      output.say(formatPlan(event.plan));
      return;
    case 'cell':
      output.status(`  cell ${String(event.index + 1)} of ${String(event.of)} ${event.state} ${event.text ?? ''}`);
      return;
    case 'output':
      if (['notebook', 'docker'].includes(event.source)) output.say(event.text.trimEnd().replace(/^/gm, '    | '));
      else output.status(`  ${event.text}`);
      return;
    case 'deployed':
      output.say(
        `${event.model.name} version ${String(event.model.version)} is ${event.model.phase} at ${event.model.endpoint}${event.unchanged ? ' (unchanged)' : ''}`,
      );
  }
}

function showImage(output: Output, event: ImageEvent): void {
  switch (event.event) {
    case 'imagePlan':
      output.say(formatImagePlan(event.plan));
      return;
    case 'transfer':
      output.status(`  ${formatBytes(event.bytes)} pushed, ${formatBytes(event.bytesPerSecond)}/s`);
      return;
    case 'built':
      output.say(`${event.image}${transferred(event)}`);
  }
}

function transferred({ uploadedBytes, requests }: BuiltImage): string {
  return uploadedBytes === null || requests === null
    ? ''
    : ` (${formatBytes(uploadedBytes)} in ${count(requests, 'request')})`;
}

function showStep(output: Output, event: Extract<DeployEvent, { event: 'step' }>): void {
  const seconds = event.ms === undefined ? '' : ` (${(event.ms / 1000).toFixed(1)} s)`;
  if (event.state === 'started') output.status(`${event.message}…`);
  else output.say(`${event.step.padEnd(12)} ${event.state === 'skipped' ? 'skipped: ' : ''}${event.message}${seconds}`);
}
