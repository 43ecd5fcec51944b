import path from 'node:path';
import { planLayers, type LayerRecipe } from '../build/image/planLayers';
import type { ImageOutput } from '../build/image/writeArchive';
import { copyRuntime } from '../clients/python/runtimeFiles';
import type { Bundle } from '../core/bundle';
import type { BuiltImage, DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { parseImageReference, parsePlatform, type ImageReference, type Platform } from '../core/image';
import { planFiles } from '../project/planFiles';
import { freeSpaceIsOver } from './freeSpace';
import { onBase, Registries } from './imageBase';
import { filesBelow, selectPackages, serverFiles } from './imageParts';
import { inspect } from './inspect';
import { makeArtifact, type Made } from './makeArtifact';
import { checkedName, packageModel } from './packageModel';
import { planImage } from './planImage';
import { pushImage, saveImage, type ImageJob } from './shipImage';
import { collectSecrets } from './secrets';
import type { Services } from './services';
import { step } from './step';

export interface BuildImageRequest {
  /** The project's folder, or one notebook or model file in it. Absolute. */
  readonly path: string;
  /** By default the project's name. */
  readonly name?: string;
  /** Base image; by default Python's official one. */
  readonly base?: string;
  /** `linux/amd64` by default. */
  readonly platform?: string;
  readonly to: ImageTarget;
  /** Hosts that may be spoken to without encryption. */
  readonly insecure: readonly string[];
  readonly byteCode: boolean;
  readonly retrain: boolean;
}

/** Where an image goes. */
export type ImageTarget = { readonly kind: 'registry'; readonly reference: ImageReference } | ImageOutput;

/**
 * Containerize, top to bottom. The same steps as a deploy up to the bundle; then every layer is made once and goes out
 * as soon as it is there. Nothing carries a tag before all of it has arrived.
 */
export async function buildImage(
  services: Services,
  host: DeployHost,
  request: BuildImageRequest,
  signal: AbortSignal,
): Promise<BuiltImage> {
  const started = performance.now();
  const platform = parsePlatform(request.platform ?? 'linux/amd64');
  const registries = new Registries(request.insecure, services.credentials);
  const inspected = await inspect(services, host, request.path, 'bundle', signal);
  const name = checkedName(request.name ?? inspected.name);
  const { base, project } = await onBase(
    services,
    host,
    registries,
    { project: inspected, base: request.base, platform },
    signal,
  );
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const destination = describeTarget(request.to);
  await freeSpaceIsOver(services.home, signal);
  const made = await makeArtifact(
    services,
    host,
    { project, retrain: request.retrain, destination, name, secrets, replicas: 1 },
    signal,
  );
  await made.ended;
  const server = await copyRuntime(services.home, services.context.resources);
  const packaging = { name, project, solved: made.solved, server, record: unmeasured(made) };
  const bundle = await packageModel(services, host, packaging, signal);
  const recipes = await step(host, 'packages', 'Choosing the packages for the image', async () => {
    const result = await planRecipes(
      services,
      { made, server, bundle, base, platform, byteCode: request.byteCode },
      signal,
    );
    return { result, message: `${result.length} layers for ${platform.os}/${platform.architecture}` };
  });
  const { leftOut } = await planFiles(project, signal);
  const lock = made.solved.lock.digest;
  const blueprint = { name, destination, base, platform, lock, recipes, byteCode: request.byteCode, leftOut };
  host.report({ event: 'imagePlan', plan: planImage(blueprint) });
  const job = { name, project: project.root, base, recipes, made, server, bundle, registries };
  const image = await ship(services, host, job, request.to, signal);
  const { uploadedBytes, requests } = registries;
  const built = { image, uploadedBytes, requests, ms: Math.round(performance.now() - started) };
  host.report({ event: 'built', ...built });
  return built;
}

/** What was measured differs from run to run, so it belongs to a release; equal sources make equal images. */
function unmeasured({ record }: Made): Made['record'] {
  return record === undefined ? undefined : { ...record, peakMemory: null };
}

/** `HOST/REPOSITORY`, `oci:DIR` or `docker:FILE`. @throws UserError ImageReferenceInvalid, OutputInvalid */
export function parseImageTarget(registry: string | undefined, output: string | undefined): ImageTarget | undefined {
  if (registry !== undefined) return { kind: 'registry', reference: parseImageReference(registry) };
  if (output === undefined) return undefined;
  const [, kind, file = ''] = /^(oci|docker):(.+)$/.exec(output) ?? [];
  if (kind === 'oci' || kind === 'docker') return { kind, path: path.resolve(file) };
  throw new UserError('OutputInvalid', `${JSON.stringify(output)} does not say how an image is written.`, {
    remedy: { kind: 'hint', label: 'Use oci:DIR for an OCI layout, or docker:FILE for docker load.' },
  });
}

export function describeTarget(to: ImageTarget): string {
  return to.kind === 'registry' ? `${to.reference.registry}/${to.reference.repository}` : `${to.kind}:${to.path}`;
}

interface PlannedBuild {
  readonly made: Made;
  readonly server: string;
  readonly bundle: Bundle;
  readonly base: ImageJob['base'];
  readonly platform: Platform;
  readonly byteCode: boolean;
}

async function planRecipes(
  services: Services,
  { made, server, bundle, base, platform, byteCode }: PlannedBuild,
  signal: AbortSignal,
): Promise<readonly LayerRecipe[]> {
  const wheels = await selectPackages(services, made.solved, base.facts, platform, made.runtime?.support, signal);
  const [own, files] = [await serverFiles(server), await filesBelow(bundle.folder)];
  return planLayers({ base: base.facts, ...wheels, server: own, bundle: files, byteCode });
}

async function ship(
  services: Services,
  host: DeployHost,
  job: ImageJob,
  to: ImageTarget,
  signal: AbortSignal,
): Promise<string> {
  return to.kind === 'registry'
    ? pushImage(services, host, job, to.reference, signal)
    : saveImage(services, host, job, to, signal);
}
