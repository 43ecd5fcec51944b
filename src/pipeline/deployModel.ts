import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import type { TrainingRecord } from '../build/trainingRecord';
import { writeBundle } from '../build/writeBundle';
import type { Bundle, BundleRuntime } from '../core/bundle';
import type { ConsentQuestion, DeployHost } from '../core/deploy';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import type { Project } from '../core/project';
import type { Reservation, Secrets, Target } from '../core/target';
import { providerOf } from '../project/dependencies/importMap';
import { bundleContents } from './bundleContents';
import { inspect } from './inspect';
import { planDeploy } from './planDeploy';
import { install, solve, type Solved } from './prepareEnvironment';
import { readProjectState, updateProjectState } from './projectState';
import { collectSecrets } from './secrets';
import { openTarget, type Services } from './services';
import { readGitState } from './gitState';
import { step } from './step';
import { identify, type TrainingChoice } from './trainingChoice';
import { trainModel, type MissingPackage } from './trainModel';

export interface DeployModelRequest {
  /** The project's folder, or one notebook or model file in it. Absolute. */
  readonly path: string;
  readonly target: string;
  /** By default the project's name. */
  readonly name?: string;
  readonly replicas?: number;
  readonly port?: number;
  /** Execute the notebook although nothing changed. */
  readonly retrain?: boolean;
  readonly readyTimeoutSeconds?: number;
}

/** A notebook may turn out to need this many packages that nobody had named. */
const mostAdded = 12;

/**
 * Deploy Model, top to bottom: each step takes plain data and gives plain data. Aborting leaves the running release
 * as it is and nothing half deployed.
 */
export async function deployModel(
  services: Services,
  host: DeployHost,
  request: DeployModelRequest,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const project = await inspect(services, host, request.path, signal);
  const target = await openTarget(services, request.target);
  const name = request.name ?? project.name;
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const reservation = await target.reserve(name, signal);
  try {
    const { solved, runtime, record } = await makeArtifact(
      services,
      host,
      { project, request, target, name, secrets },
      signal,
    );
    const bundle = await packageModel(services, host, { name, project, solved, runtime, record }, signal);
    return await rollOut(
      services,
      host,
      { target, reservation, name, project, bundle, runtime, solved, secrets, request },
      signal,
    );
  } finally {
    await reservation.release();
  }
}

interface Job {
  readonly project: Project;
  readonly request: DeployModelRequest;
  readonly target: Target;
  readonly name: string;
  readonly secrets: Secrets;
}

interface Made {
  readonly solved: Solved;
  readonly runtime: BundleRuntime;
  readonly record: TrainingRecord | undefined;
}

/** Solves, installs and trains; a package that the notebook misses is added and all starts over, once for each. */
async function makeArtifact(services: Services, host: DeployHost, job: Job, signal: AbortSignal): Promise<Made> {
  for (let round = 0; ; round++) {
    const state = await readProjectState(services.home, job.project.root);
    const solved = await solve(
      services,
      host,
      job.project,
      state.added.map((one) => one.spec),
      signal,
    );
    const choice = await identify(services, job.project, solved, job.request.retrain === true && round === 0, signal);
    if (round === 0) host.report({ event: 'plan', plan: await planDeploy(services, job, solved, choice, signal) });
    await askConsent(services, host, job.project, choice, signal);
    const runtime = await install(services, host, solved, signal);
    if (choice.kind === 'none') return { solved, runtime, record: undefined };
    if (choice.kind === 'reuse') {
      host.report({ event: 'step', step: 'train', state: 'skipped', message: choice.why });
      return { solved, runtime, record: choice.record };
    }
    const outcome = await step(host, 'train', `Executing ${choice.entry.notebook}`, async () => {
      const env = { ...process.env, ...job.project.config.env, ...job.secrets };
      const result = await trainModel(
        services,
        host,
        { project: job.project, entry: choice.entry, runtime, key: choice.key, mode: choice.mode, env },
        signal,
      );
      return {
        result,
        message:
          result.kind === 'trained'
            ? `Trained in ${result.record.seconds.toFixed(1)} s`
            : `A package is missing: ${result.missing.module}`,
      };
    });
    if (outcome.kind === 'trained') return { solved, runtime, record: outcome.record };
    await addMissing(services, host, job.project, outcome.missing, round);
  }
}

async function addMissing(
  services: Services,
  host: DeployHost,
  project: Project,
  missing: MissingPackage,
  round: number,
): Promise<void> {
  const spec = missing.distribution ?? distributionFor(missing.module);
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
  host.report({
    event: 'finding',
    finding: {
      code: 'DependencyAdded',
      severity: 'warning',
      message: `${spec} was added to the lock: ${missing.message} Training starts over.`,
      fix: { title: `Add ${spec} to the requirements`, edits: [], append: { file: 'requirements.txt', text: spec } },
    },
  });
}

function distributionFor(module: string): string {
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

interface Packaging {
  readonly name: string;
  readonly project: Project;
  readonly solved: Solved;
  readonly runtime: BundleRuntime;
  readonly record: TrainingRecord | undefined;
}

function packageModel(
  services: Services,
  host: DeployHost,
  packaging: Packaging,
  signal: AbortSignal,
): Promise<Bundle> {
  return step(host, 'package', 'Writing the bundle', async () => {
    const bundle = await writeBundle(services.home, await bundleContents(packaging, signal), signal);
    return { result: bundle, message: bundle.digest };
  });
}

interface Rollout {
  readonly target: Target;
  readonly reservation: Reservation;
  readonly name: string;
  readonly project: Project;
  readonly bundle: Bundle;
  readonly runtime: BundleRuntime;
  readonly solved: Solved;
  readonly secrets: Secrets;
  readonly request: DeployModelRequest;
}

async function rollOut(
  services: Services,
  host: DeployHost,
  rollout: Rollout,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const running = await unchangedModel(rollout, signal);
  if (running !== undefined) {
    host.report({
      event: 'step',
      step: 'deploy',
      state: 'skipped',
      message: `Release ${String(running.version)} is this bundle and answers already`,
    });
    announce(host, rollout, running, true);
    return running;
  }
  const model = await step(host, 'deploy', `Starting on ${rollout.target.displayName}`, async (progress) => {
    const ready = await startRelease(rollout, progress, signal);
    return { result: ready, message: `Release ${String(ready.version)} answers at ${ready.endpoint ?? ''}` };
  });
  announce(host, rollout, model, false);
  await updateProjectState(services.home, rollout.project.root, { target: rollout.target.id });
  return model;
}

async function startRelease(
  rollout: Rollout,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const { project, bundle, runtime, solved, secrets, request, name, target } = rollout;
  const provenance = {
    createdAt: new Date().toISOString(),
    createdBy: `${userInfo().username}@${hostname()}`,
    digest: bundle.digest,
    lock: solved.lock.digest,
    notebook:
      project.entry.kind === 'notebook'
        ? {
            path: project.entry.notebook,
            sha256: await hashOf(path.join(project.root, project.entry.notebook), signal),
          }
        : null,
    git: await readGitState(project.root, signal),
    project: project.root,
    python: solved.python.interpreter.version,
  };
  const steps = rollout.reservation.deploy(
    {
      bundle,
      runtime,
      provenance,
      replicas: request.replicas ?? project.config.replicas,
      port: request.port ?? project.config.port,
      readyTimeoutSeconds: request.readyTimeoutSeconds ?? 300,
      secrets,
    },
    signal,
  );
  for await (const next of steps) {
    if (next.kind === 'ready') return next.model;
    progress(next.message);
  }
  throw new UserError('RolloutFailed', `${target.displayName} stopped reporting before ${name} was ready.`);
}

async function hashOf(file: string, signal: AbortSignal): Promise<string> {
  const { hashFile } = await import('../clients/files/contentStore');
  return hashFile(file, signal);
}

/** The model as it runs, when it runs exactly this bundle; secrets may have changed, so they always make a new release. */
async function unchangedModel(rollout: Rollout, signal: AbortSignal): Promise<DeployedModel | undefined> {
  if (asksForChange(rollout)) return undefined;
  const model = (await rollout.target.models(signal)).find((one) => one.name === rollout.name);
  return model !== undefined && answersAsAsked(model, rollout) ? model : undefined;
}

function asksForChange({ request, secrets }: Rollout): boolean {
  return Object.keys(secrets).length > 0 || request.port !== undefined || request.retrain === true;
}

function answersAsAsked(model: DeployedModel, { request, bundle }: Rollout): boolean {
  const release = model.releases.find((one) => one.version === model.version);
  return (
    model.phase === 'Ready' &&
    model.endpoint !== undefined &&
    (request.replicas ?? model.replicas.desired) === model.replicas.desired &&
    release?.digest === bundle.digest
  );
}

function announce(host: DeployHost, rollout: Rollout, model: DeployedModel, unchanged: boolean): void {
  host.report({
    event: 'deployed',
    unchanged,
    model: {
      name: model.name,
      version: model.version ?? 0,
      target: rollout.target.id,
      phase: model.phase,
      endpoint: model.endpoint ?? '',
      digest: rollout.bundle.digest,
    },
  });
}
