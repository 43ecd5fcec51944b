import path from 'node:path';
import type { TrainingRecord } from '../build/trainingRecord';
import type { BundleRuntime } from '../core/bundle';
import type { ConsentQuestion, DeployHost } from '../core/deploy';
import { isUserError, UserError } from '../core/errors';
import type { Project } from '../core/project';
import type { Reservation, Secrets } from '../core/target';
import { appendRequirement } from '../project/dependencies/appendRequirement';
import { providerOf } from '../project/dependencies/importMap';
import { tellHubs } from './hubFindings';
import { planDeploy } from './planDeploy';
import { install, solve, type Solved } from './prepareEnvironment';
import { readProjectState, updateProjectState } from './projectState';
import type { Services } from './services';
import { keepVersions, newestInstead, type FirstFailure } from './newestInstead';
import { step } from './step';
import { identify, type TrainingChoice } from './trainingChoice';
import { trainModel, type MissingPackage, type NotebookEntry, type TrainingOutcome } from './trainModel';

/** A notebook may turn out to need this many packages that nobody had named. */
const mostAdded = 12;

/** What is made, for whom. */
export interface Job {
  readonly project: Project;
  readonly retrain: boolean;
  /** Where the model goes, for the plan: a target's id or an image's repository. */
  readonly destination: string;
  /** Of the model on its target; an image has none. */
  readonly reservation?: Pick<Reservation, 'prepare'>;
  readonly name: string;
  readonly secrets: Secrets;
  readonly replicas: number;
}

/** The versions that were solved, what runs them, and the trained artifact where the entry needs one. */
export interface Made {
  readonly solved: Solved;
  /** The packages on this machine; undefined when nothing had to be executed and so nothing was installed. */
  readonly runtime: BundleRuntime | undefined;
  readonly record: TrainingRecord | undefined;
  /** Settles when nothing of the training runs any more; the deploy goes on meanwhile. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Solves, and where a notebook is executed installs and trains; a package that it misses is added and all starts over,
 * once for each.
 */
export async function makeArtifact(services: Services, host: DeployHost, job: Job, signal: AbortSignal): Promise<Made> {
  let first: FirstFailure | undefined;
  for (let round = 0; ; round++) {
    const state = await readProjectState(services.home, job.project.root);
    const solved = await solve(
      services,
      host,
      job.project,
      state.added.map((one) => one.spec),
      signal,
    );
    const choice = await identify(services, job.project, solved, job.retrain && round === 0, signal);
    if (round === 0) await tellPlan(services, host, job, solved, choice, signal);
    await askConsent(services, host, job.project, choice, signal);
    if (choice.kind === 'none') return { solved, runtime: undefined, record: undefined, ended: Promise.resolve() };
    const runtime = await install(services, host, solved, signal);
    if (choice.kind === 'reuse') {
      host.report({ event: 'step', step: 'train', state: 'skipped', message: choice.why });
      tellHubs(host, choice.record.hubs);
      return { solved, runtime, record: choice.record, ended: Promise.resolve() };
    }
    await prepareTarget(job, choice.entry, runtime, signal);
    const outcome = await train(services, host, job, { choice, runtime }, signal).catch((error: unknown) => ({
      kind: 'failed' as const,
      error,
    }));
    if (outcome.kind === 'failed') {
      const failed = { project: job.project, solved, first, error: outcome.error };
      first = await newestInstead(services, host, failed, signal);
      continue;
    }
    if (outcome.kind === 'trained') {
      await keepVersions(services, job.project);
      tellHubs(host, outcome.record.hubs);
      return { solved, runtime, record: outcome.record, ended: outcome.ended };
    }
    await addMissing(services, host, job.project, outcome.missing, round);
  }
}

interface Training {
  readonly choice: Extract<TrainingChoice, { kind: 'run' }>;
  readonly runtime: BundleRuntime;
}

function train(
  services: Services,
  host: DeployHost,
  { project, secrets }: Job,
  { choice, runtime }: Training,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  const { entry, key, mode, state, previous } = choice;
  return step(host, 'train', `Executing ${entry.notebook}`, async () => {
    const env = {
      ...withoutByteCodeBan(),
      ...project.config.env,
      ...secrets,
      PYTHONPYCACHEPREFIX: services.home.bytecode,
    };
    const result = await trainModel(
      services,
      host,
      { project, entry, runtime, key, mode, state, previous, env },
      signal,
    );
    return { result, message: outcomeText(result) };
  });
}

function outcomeText(outcome: TrainingOutcome): string {
  if (outcome.kind === 'missing') return `A package is missing: ${outcome.missing.module}`;
  const { trainedAt, seconds } = outcome.record;
  return outcome.resumed
    ? `Only definitions changed: kept the training of ${trainedAt}`
    : `Trained in ${seconds.toFixed(1)} s`;
}

/** The target may load libraries while the notebook is executed. When it cannot, the deploy tells why. */
async function prepareTarget(
  { project, reservation, secrets }: Job,
  entry: NotebookEntry,
  runtime: BundleRuntime,
  signal: AbortSignal,
): Promise<void> {
  const workdir = path.dirname(path.join(project.root, entry.notebook));
  const coming = { runtime, workdir, env: project.config.env ?? {}, secrets };
  await reservation?.prepare?.(coming, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!isUserError(error)) throw error;
  });
}

async function tellPlan(
  services: Services,
  host: DeployHost,
  job: Job,
  solved: Solved,
  choice: TrainingChoice,
  signal: AbortSignal,
): Promise<void> {
  const plan = await planDeploy(services, job, solved, choice, signal);
  host.report({ event: 'plan', plan });
  for (const finding of plan.shortages) host.report({ event: 'finding', finding });
}

/** A kernel that writes no byte code makes every later start compile the packages again. */
function withoutByteCodeBan(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete env['PYTHONDONTWRITEBYTECODE'];
  return env;
}

async function addMissing(
  services: Services,
  host: DeployHost,
  project: Project,
  missing: MissingPackage,
  round: number,
): Promise<void> {
  const spec = distributionFor(missing.distribution ?? missing.module);
  const { added } = await readProjectState(services.home, project.root);
  if (round >= mostAdded || added.some((one) => one.spec === spec)) {
    throw new UserError(
      'ModuleMissing',
      `The notebook needs the module ${missing.module}, and adding the package ${spec} did not provide it. ${missing.message}`,
      {
        remedy: { kind: 'hint', label: 'Name the package that provides it under requirements in slipway.yaml.' },
      },
    );
  }
  await updateProjectState(services.home, project.root, { added: [...added, { spec, reason: missing.message }] });
  const fix = appendRequirement(project.dependencies.source, spec);
  host.report({
    event: 'finding',
    finding: {
      code: 'DependencyAdded',
      severity: 'warning',
      message: `${spec} was added to the lock: ${missing.message} Training starts over.`,
      ...(fix && { fix }),
    },
  });
}

/** Messages name the distribution or the module; an extra or a version is part of a distribution's. */
function distributionFor(module: string): string {
  if (/[^\w.-]/.test(module)) return module;
  const provider = providerOf(module, undefined, null);
  return provider.kind === 'distribution' ? provider.name : (module.split('.')[0] ?? module);
}

async function askConsent(
  services: Services,
  host: DeployHost,
  project: Project,
  choice: TrainingChoice,
  signal: AbortSignal,
): Promise<void> {
  if (choice.kind !== 'run') return;
  const state = await readProjectState(services.home, project.root);
  if (state.mayExecute) return;
  const agreed = await host.confirmExecution(consentQuestion(project, choice.entry.notebook), signal);
  if (!agreed) throw new DOMException('The user did not agree to execute the notebook.', 'AbortError');
  await updateProjectState(services.home, project.root, { mayExecute: true });
}

function consentQuestion(project: Project, notebook: string): ConsentQuestion {
  const { cells, recordedSeconds, shellMagics, outsidePaths } = project.execution ?? {
    cells: 0,
    shellMagics: [],
    outsidePaths: [],
  };
  return {
    project: project.root,
    notebook,
    cells,
    ...(recordedSeconds === undefined ? {} : { recordedSeconds }),
    shellMagics: shellMagics.map((one) => one.text),
    outsidePaths: outsidePaths.map((one) => one.path),
  };
}
