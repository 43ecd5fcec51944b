import type { DeployHost } from '../core/deploy';
import { planFiles } from '../project/planFiles';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import type { Exposure } from '../core/exposure';
import type { Project, ProjectConfig } from '../core/project';
import { resourceNeed } from '../core/resources';
import type { BundleTarget } from '../core/target';
import { deployImage, type ImageOptions } from './deployImage';
import { freeSpaceIsOver } from './freeSpace';
import { inspect } from './inspect';
import { makeArtifact } from './makeArtifact';
import { checkedName, packageModel } from './packageModel';
import { rollOut, type RolloutOptions, type SaidConfig } from './rollOut';
import { collectSecrets } from './secrets';
import { install } from './prepareEnvironment';
import { openTarget, type Services } from './services';

export interface DeployModelRequest extends RolloutOptions {
  /** The project's folder, or one notebook or model file in it. Absolute. */
  readonly path: string;
  readonly target: string;
  /** By default the project's name. */
  readonly name?: string;
  /** Needed by targets that run images. */
  readonly image?: ImageOptions;
}

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
  const target = await openTarget(services, request.target);
  const inspected = await inspect(services, host, { path: request.path, accepts: target.accepts }, signal);
  const project = { ...inspected, config: withSaid(inspected.config, request.config) };
  const name = checkedName(request.name ?? project.name);
  return target.accepts === 'image'
    ? deployImage(services, host, { target, project, name, request }, signal)
    : deployBundle(services, host, { target, project, name, request }, signal);
}

/** What was said for this deploy counts more than the file. */
export function withSaid(config: ProjectConfig, said: SaidConfig = {}): ProjectConfig {
  return {
    ...config,
    ...(said.resources === undefined ? {} : { resources: { ...config.resources, ...said.resources } }),
    ...(said.expose === undefined ? {} : { expose: exposeWith(config.expose, said.expose) }),
    ...(said.placement === undefined ? {} : { placement: { ...config.placement, ...said.placement } }),
  };
}

function exposeUnsupported({ displayName }: BundleTarget): UserError {
  return new UserError(
    'UsageInvalid',
    `Models of ${displayName} are reached at a port of it, and asked without a key.`,
    {
      remedy: { kind: 'hint', label: 'Leave --expose and --no-key out, or name a cluster with --target.' },
    },
  );
}

/** Another way has other fields. */
function exposeWith(written: Exposure | undefined, said: Partial<Exposure>): Exposure {
  const kind = said.kind ?? written?.kind ?? 'service';
  return kind === written?.kind ? { ...written, ...said, kind } : { ...said, kind };
}

interface BundleDeploy {
  readonly target: BundleTarget;
  readonly project: Project;
  readonly name: string;
  readonly request: DeployModelRequest;
}

async function deployBundle(
  services: Services,
  host: DeployHost,
  { target, project, name, request }: BundleDeploy,
  signal: AbortSignal,
): Promise<DeployedModel> {
  if (request.config?.expose !== undefined) throw exposeUnsupported(target);
  const replicas = request.replicas ?? project.config.replicas ?? 1;
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const reservation = await target.reserve(name, signal);
  try {
    await freeSpaceIsOver(services.home, signal);
    const { solved, record, ended, ...made } = await makeArtifact(
      services,
      host,
      { project, retrain: request.retrain === true, destination: target.id, reservation, name, secrets, replicas },
      signal,
    );
    try {
      const runtime = made.runtime ?? (await install(services, host, solved, signal));
      const { files } = await planFiles(project, signal);
      const packaging = { name, project, solved, server: runtime.runtime, record, files };
      const bundle = await packageModel(services, host, packaging, signal);
      const content = { kind: 'bundle' as const, bundle, runtime };
      const resources = resourceNeed(project.config.resources, record?.peakMemory);
      const origin = { project, digest: bundle.digest, solved, resources };
      return await rollOut(services, host, { ...origin, target, reservation, name, content, secrets, request }, signal);
    } finally {
      await ended;
    }
  } finally {
    await reservation.release();
  }
}
