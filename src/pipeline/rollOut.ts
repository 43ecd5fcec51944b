import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { hashFile } from '../clients/files/contentStore';
import { packagesIn } from '../clients/python/lock';
import { isSameAutoscale } from '../core/autoscale';
import type { DeployHost } from '../core/deploy';
import { answersAt, type DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { isSameExposure, type Exposure } from '../core/exposure';
import type { Project, ProjectConfig } from '../core/project';
import type { Provenance } from '../core/release';
import type { ResourceNeed } from '../core/resources';
import type { DeployRequest, ReleaseContent, Reservation, RolloutStep, Secrets, Target } from '../core/target';
import { withAddress } from './addressed';
import { readGitState } from './gitState';
import type { Solved } from './prepareEnvironment';
import { updateProjectState } from './projectState';
import type { Services } from './services';
import { step } from './step';

export interface RolloutOptions {
  readonly replicas?: number;
  readonly port?: number;
  /** Execute the notebook although nothing changed, and start the result as a new release. */
  readonly retrain?: boolean;
  readonly readyTimeoutSeconds?: number;
  /** What was said besides `slipway.yaml`, and counts more. */
  readonly config?: SaidConfig;
}

/** The part of a `slipway.yaml` that options can say, too. */
export type SaidConfig = Pick<ProjectConfig, 'resources' | 'placement'> & { readonly expose?: Partial<Exposure> };

/** What is known of the sources of a release. */
export interface Origin {
  readonly project: Project;
  /** Tells releases apart: of the bundle, or of the image. */
  readonly digest: string;
  /** Absent for an image of the user's own Dockerfile. */
  readonly solved: Solved | undefined;
  readonly resources: ResourceNeed | undefined;
}

/** A release on its way to a target. */
export interface Rollout<Content extends ReleaseContent = ReleaseContent> extends Origin {
  readonly target: Target;
  readonly reservation: Reservation<Content>;
  readonly name: string;
  readonly content: Content;
  readonly secrets: Secrets;
  readonly request: RolloutOptions;
}

/** Starts a new release, or answers with the one that runs when it is the same. */
export async function rollOut<Content extends ReleaseContent>(
  services: Services,
  host: DeployHost,
  rollout: Rollout<Content>,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const running = await unchangedModel(rollout, signal);
  if (running !== undefined) {
    host.report({
      event: 'step',
      step: 'deploy',
      state: 'skipped',
      message: `Release ${String(running.version)} is the same and answers already`,
    });
    announce(host, rollout, running, true);
    return running;
  }
  const model = await step(host, 'deploy', `Starting on ${rollout.target.displayName}`, async (progress) => {
    const ready = await startRelease(rollout, progress, signal);
    return { result: ready, message: answersAt(ready) };
  });
  announce(host, rollout, model, false);
  await updateProjectState(services.home, rollout.project.root, { target: rollout.target.id });
  return model;
}

async function startRelease<Content extends ReleaseContent>(
  rollout: Rollout<Content>,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const steps = rollout.reservation.deploy(await releaseRequest(rollout, signal), signal);
  return untilReady(steps, rollout, progress);
}

/** Follows a rollout to its end. @throws UserError RolloutFailed, and those of the target */
export async function untilReady(
  steps: AsyncIterable<RolloutStep>,
  { target, name }: Pick<Rollout, 'target' | 'name'>,
  progress: (line: string) => void,
): Promise<DeployedModel> {
  for await (const next of steps) {
    if (next.kind === 'ready') return next.model;
    progress(next.message);
  }
  throw new UserError('RolloutFailed', `${target.displayName} stopped reporting before ${name} was ready.`);
}

/** What a target is asked to start. */
export async function releaseRequest<Content extends ReleaseContent>(
  rollout: Origin & Pick<Rollout<Content>, 'content' | 'secrets' | 'request'>,
  signal: AbortSignal,
): Promise<DeployRequest<Content>> {
  const { project, content, secrets, request } = rollout;
  return {
    content,
    provenance: await provenanceOf(rollout, signal),
    replicas: request.replicas ?? project.config.replicas,
    autoscale: project.config.autoscale,
    port: request.port ?? project.config.port,
    readyTimeoutSeconds: request.readyTimeoutSeconds ?? 300,
    secrets,
  };
}

async function provenanceOf({ project, digest, solved, resources }: Origin, signal: AbortSignal): Promise<Provenance> {
  const { entry, root } = project;
  return {
    createdAt: new Date().toISOString(),
    createdBy: `${userInfo().username}@${hostname()}`,
    digest,
    lock: solved?.lock.digest ?? '',
    notebook:
      entry.kind === 'notebook'
        ? { path: entry.notebook, sha256: await hashFile(path.join(root, entry.notebook), signal) }
        : null,
    git: await readGitState(root, signal),
    project: root,
    python: solved?.python.interpreter.version ?? '',
    ...(solved === undefined ? {} : { packages: packagesIn(solved.lock.text) }),
    ...(resources === undefined ? {} : { resources }),
  };
}

/** The model as it runs, when it runs exactly this bundle; secrets may have changed, so they always make a new release. */
async function unchangedModel(rollout: Rollout, signal: AbortSignal): Promise<DeployedModel | undefined> {
  if (asksForChange(rollout)) return undefined;
  const model = (await rollout.target.models(signal)).find((one) => one.name === rollout.name);
  if (model === undefined || !answersAsAsked(model, rollout)) return undefined;
  return withAddress(rollout.target, model, signal);
}

function asksForChange({ request, secrets }: Rollout): boolean {
  return (
    Object.keys(secrets).length > 0 ||
    request.port !== undefined ||
    request.retrain === true ||
    request.config !== undefined
  );
}

function answersAsAsked(model: DeployedModel, rollout: Rollout): boolean {
  const { digest } = rollout;
  const release = model.releases.find((one) => one.version === model.version);
  return (
    model.phase === 'Ready' &&
    model.endpoint !== undefined &&
    isScaledAsAsked(model, rollout) &&
    isExposedAsAsked(model, rollout) &&
    release?.digest === digest
  );
}

/** Replicas that the target decides on are no reason for a release. */
function isScaledAsAsked({ replicas, autoscale }: DeployedModel, { request, project, target }: Rollout): boolean {
  const wanted = target.autoscale === undefined ? undefined : project.config.autoscale;
  if (wanted !== undefined) return autoscale !== undefined && isSameAutoscale(autoscale, wanted);
  return autoscale !== undefined || (request.replicas ?? replicas.desired) === replicas.desired;
}

/** Targets that run bundles are reached as they are. */
function isExposedAsAsked({ exposure }: DeployedModel, { project, target }: Rollout): boolean {
  return target.accepts !== 'image' || isSameExposure(exposure, project.config.expose);
}

/** Tells the end of a deploy. */
export function announce(
  host: DeployHost,
  rollout: Pick<Rollout, 'target' | 'digest'>,
  model: DeployedModel,
  unchanged: boolean,
): void {
  host.report({
    event: 'deployed',
    unchanged,
    model: {
      name: model.name,
      version: model.version ?? 0,
      target: rollout.target.id,
      phase: model.phase,
      endpoint: model.endpoint ?? '',
      digest: rollout.digest,
    },
  });
}
