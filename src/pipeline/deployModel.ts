import { writeBundle } from '../build/writeBundle';
import type { TrainingRecord } from '../build/trainingRecord';
import type { Bundle, BundleRuntime } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { slug } from '../core/home';
import type { Project } from '../core/project';
import { bundleContents } from './bundleContents';
import { freeSpaceIsOver } from './freeSpace';
import { inspect } from './inspect';
import { makeArtifact } from './makeArtifact';
import type { Solved } from './prepareEnvironment';
import { rollOut, type RolloutOptions } from './rollOut';
import { collectSecrets } from './secrets';
import { openTarget, type Services } from './services';
import { step } from './step';

export interface DeployModelRequest extends RolloutOptions {
  /** The project's folder, or one notebook or model file in it. Absolute. */
  readonly path: string;
  readonly target: string;
  /** By default the project's name. */
  readonly name?: string;
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
  const project = await inspect(services, host, request.path, target.accepts, signal);
  const name = checkedName(request.name ?? project.name);
  const replicas = request.replicas ?? project.config.replicas ?? 1;
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const reservation = await target.reserve(name, signal);
  try {
    await freeSpaceIsOver(services.home, signal);
    const { solved, runtime, record, ended } = await makeArtifact(
      services,
      host,
      { project, retrain: request.retrain === true, target, reservation, name, secrets, replicas },
      signal,
    );
    try {
      const bundle = await packageModel(services, host, { name, project, solved, runtime, record }, signal);
      return await rollOut(
        services,
        host,
        { target, reservation, name, project, bundle, runtime, solved, secrets, request },
        signal,
      );
    } finally {
      await ended;
    }
  } finally {
    await reservation.release();
  }
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

/** Names become folders, labels and addresses, so they are plain. */
function checkedName(name: string): string {
  if (slug(name) === name) return name;
  throw new UserError('NameInvalid', `The name ${JSON.stringify(name)} cannot be used for a model.`, {
    remedy: { kind: 'hint', label: `Use lower-case letters, digits and hyphens, at most 40: ${slug(name)}.` },
  });
}
