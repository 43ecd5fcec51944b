import { healthPath, serverPort } from '../build/image/imageConfig';
import { checkAutoscale, cpuRequestMissing } from '../core/autoscale';
import { checkExposure } from '../core/exposure';
import type { DeployHost } from '../core/deploy';
import type { DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { formatPlatform, parseImageReference, parsePlatforms, type ImageReference } from '../core/image';
import type { Project } from '../core/project';
import { resourceNeed, type ResourceNeed } from '../core/resources';
import type { DeployIntent, ImageContent, ImageTarget } from '../core/target';
import { buildProject, type BuildImageRequest, type BuiltProject } from './buildImage';
import { whileBuilding } from './buildsUnderWay';
import { checkPull } from './pullAccess';
import { rollOut, type Origin, type RolloutOptions } from './rollOut';
import { collectSecrets } from './secrets';
import type { Services } from './services';
import { step } from './step';

/** How the image of a release is built, and where it is pushed. */
export interface ImageOptions extends Pick<BuildImageRequest, 'base' | 'platform' | 'builder' | 'insecure'> {
  /** Undefined: nobody said where. */
  readonly reference: ImageReference | undefined;
}

interface ImageDeploy {
  readonly target: ImageTarget;
  readonly project: Project;
  readonly name: string;
  readonly request: RolloutOptions & { readonly image?: ImageOptions };
}

/**
 * Builds and pushes the image of a project, and rolls it out by its digest. What the target lacks is told before anything
 * is built.
 * @throws UserError RegistryMissing, and those of the target's preflight
 */
export async function deployImage(
  services: Services,
  host: DeployHost,
  { target, project, name, request }: ImageDeploy,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const { reference, ...options } = request.image ?? { reference: undefined, insecure: [] };
  if (reference === undefined) throw registryMissing(target.displayName);
  const platform = await checkPlace(services, host, { target, project, name, request }, signal);
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const reservation = await target.reserve(name, signal);
  try {
    const to = { kind: 'registry' as const, reference };
    const order = { ...options, project, name, platform, to, byteCode: true, retrain: request.retrain === true };
    const image = await whileBuilding(services.home, () => buildProject(services, host, order, signal));
    try {
      const release = { ...originOf(project, image), content: contentOf(project, image.built.image) };
      return await rollOut(services, host, { ...release, target, reservation, name, secrets, request }, signal);
    } finally {
      await image.prepared?.made.ended;
    }
  } finally {
    await reservation.release();
  }
}

/**
 * Whether the target takes the model. Changes nothing but the pull secret that the user agrees to.
 * @returns the platform to build for, or several as the user named them
 */
export async function checkPlace(
  services: Services,
  host: DeployHost,
  { target, project, name, request }: ImageDeploy,
  signal: AbortSignal,
): Promise<string> {
  checkExposing(project);
  const platform = await step(host, 'deploy', `Checking ${target.displayName}`, async () => {
    const intent = intentOf(name, project, request);
    const { platform: found, warnings } = await target.preflight(intent, signal);
    for (const finding of warnings) host.report({ event: 'finding', finding });
    const { reference, insecure = [] } = request.image ?? {};
    if (reference !== undefined)
      await checkPull(services, host, { target, reference, insecure: insecure.includes(reference.registry) }, signal);
    const result = request.image?.platform ?? formatPlatform(found);
    return { result, message: `${target.displayName} takes models, for ${result}` };
  });
  await checkScaling(target, name, project, signal);
  return platform;
}

function intentOf(name: string, { config }: Project, request: ImageDeploy['request']): DeployIntent {
  const { platform } = request.image ?? {};
  const replicas = request.replicas ?? config.replicas;
  const { resources, placement } = config;
  return {
    name,
    ...(platform === undefined ? {} : { platforms: parsePlatforms(platform) }),
    ...(replicas === undefined ? {} : { replicas }),
    ...(config.network === undefined ? {} : { network: config.network }),
    ...(config.expose === undefined ? {} : { exposure: config.expose }),
    ...(placement === undefined ? {} : { placement }),
    ...(resources === undefined ? {} : { resources, limits: limitsOf(resources) }),
  };
}

function limitsOf({ memory }: ResourceNeed): ResourceNeed {
  return memory === undefined ? {} : { memory };
}

/** @throws UserError ExposeInvalid, KeyUnsupported */
export function checkExposing({ entry, config }: Project): void {
  checkExposure(config.expose, entry.kind !== 'dockerfile');
}

async function checkScaling(
  target: ImageTarget,
  name: string,
  { config }: Project,
  signal: AbortSignal,
): Promise<void> {
  const { autoscale, resources } = config;
  if (autoscale === undefined) return;
  checkAutoscale(autoscale);
  if (autoscale.cpu !== undefined && resources?.cpu === undefined) throw cpuRequestMissing(name);
  await target.checkAutoscale?.(autoscale, signal);
}

/** Where a release of an image comes from, and what a replica of it needs. */
export function originOf(project: Project, { built: { image }, prepared }: BuiltProject): Origin {
  return {
    project,
    digest: parseImageReference(image).digest ?? '',
    solved: prepared?.made.solved,
    resources: resourceNeed(project.config.resources, prepared?.made.record?.peakMemory),
  };
}

/** The server of our own images listens where it always does; a Dockerfile's is the user's. */
export function contentOf({ entry, config }: Project, image: string): ImageContent {
  const isOwn = entry.kind === 'dockerfile';
  return {
    kind: 'image',
    image,
    port: isOwn ? (config.port ?? serverPort) : serverPort,
    health: isOwn ? (config.health ?? healthPath) : healthPath,
    drains: !isOwn,
    ...(config.placement === undefined ? {} : { placement: config.placement }),
    ...(config.network === undefined ? {} : { network: config.network }),
    ...(config.expose === undefined ? {} : { exposure: config.expose }),
    limits: limitsOf(config.resources ?? {}),
  };
}

/** A target that runs images needs a registry. */
export function registryMissing(target: string): UserError {
  return new UserError('RegistryMissing', `${target} runs images, and no registry was named to push this one to.`, {
    remedy: { kind: 'hint', label: 'Add --registry HOST/REPOSITORY, from which the cluster can pull.' },
  });
}
