import type { BuiltImage, DeployHost } from '../core/deploy';
import { parsePlatforms } from '../core/image';
import type { Project } from '../core/project';
import { buildDaemonless, type LayersOrder } from './buildDaemonless';
import { buildDockerfile, buildGenerated } from './buildWithDocker';
import { whileBuilding } from './buildsUnderWay';
import { chooseBuilder, type BuilderChoice, type BuilderName } from './chooseBuilder';
import { exportDockerfile, type DockerfileOrder } from './generateDockerfile';
import { Registries } from './imageBase';
import { checkSeveral, describeTarget, type ImageTarget, type ShippedTarget } from './imageTarget';
import { inspect } from './inspect';
import { checkedName } from './packageModel';
import type { MadeImage } from './prepareImage';
import type { Services } from './services';

export interface BuildImageRequest {
  /** The project's folder, or one notebook or model file in it. Absolute. */
  readonly path: string;
  /** By default the project's name. */
  readonly name?: string;
  /** Base image; by default Python's official one. */
  readonly base?: string;
  /** `linux/amd64` by default; several with commas between them. */
  readonly platform?: string;
  /** By default a Docker engine where the project has a Dockerfile or asks for system packages, else none. */
  readonly builder?: BuilderName;
  readonly to: ImageTarget;
  /** Hosts that may be spoken to without encryption. */
  readonly insecure: readonly string[];
  readonly byteCode: boolean;
  readonly retrain: boolean;
}

/** Containerize. Nothing carries a tag before all of it has arrived. */
export function buildImage(
  services: Services,
  host: DeployHost,
  request: BuildImageRequest,
  signal: AbortSignal,
): Promise<BuiltImage> {
  return whileBuilding(services.home, async () => {
    const project = await inspect(services, host, { path: request.path, accepts: acceptedEntries(request) }, signal);
    const { built, prepared } = await buildProject(services, host, { ...request, project }, signal);
    await prepared?.made.ended;
    return built;
  });
}

/** What is built of a project that was inspected already. */
export type BuildProjectRequest = Omit<BuildImageRequest, 'path'> & { readonly project: Project };

/** The image, and what it was made from. */
export interface BuiltProject {
  readonly built: BuiltImage;
  readonly prepared: MadeImage['prepared'];
}

/**
 * What builds is chosen, and everything up to the bundle is as in a deploy. Run it {@link whileBuilding}, and await
 * `prepared.made.ended` before all is done.
 */
export async function buildProject(
  services: Services,
  host: DeployHost,
  request: BuildProjectRequest,
  signal: AbortSignal,
): Promise<BuiltProject> {
  const started = performance.now();
  const registries = new Registries(request.insecure, services.credentials);
  const [platform, ...further] = parsePlatforms(request.platform);
  const { to, project, base, byteCode, retrain } = request;
  const name = checkedName(request.name ?? project.name);
  const order = { project, name, base, platform, further, destination: describeTarget(to), retrain, byteCode };
  const choice = await chooseBuilder(project, request.builder, to);
  if (further.length > 0) checkSeveral(choice.kind === 'daemonless', to);
  const work = { registries, order, choice };
  const { image, prepared } =
    to.kind === 'dockerfile'
      ? await exported(exportDockerfile(services, host, registries, generatedOrder(work), to.path, signal))
      : await build(services, host, work, to, signal);
  const { uploadedBytes, requests } = isBuiltByEngine(choice, to) ? unknownTraffic : registries;
  const built = { image, uploadedBytes, requests, ms: Math.round(performance.now() - started) };
  host.report({ event: 'built', ...built });
  return { built, prepared };
}

/** Made from nothing but what the project holds, or nothing that matters to who asked for it. */
async function exported(image: Promise<string>): Promise<MadeImage> {
  return { image: await image, prepared: undefined };
}

function isBuiltByEngine(choice: BuilderChoice, to: ImageTarget): boolean {
  return choice.kind !== 'daemonless' && to.kind !== 'dockerfile';
}

/** An engine does not tell what it sent and asked. */
const unknownTraffic = { uploadedBytes: null, requests: null };

/** Only an engine takes a Dockerfile; a generated one is of the notebook or model beside it. */
export function acceptedEntries({
  builder,
  to,
}: Pick<BuildImageRequest, 'builder'> & { readonly to: ImageTarget | undefined }): 'bundle' | 'image' {
  return builder === 'daemonless' || to?.kind === 'dockerfile' ? 'bundle' : 'image';
}

interface Work {
  readonly registries: Registries;
  readonly order: LayersOrder;
  readonly choice: BuilderChoice;
}

function build(
  services: Services,
  host: DeployHost,
  work: Work,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<MadeImage> {
  const { registries, order, choice } = work;
  switch (choice.kind) {
    case 'daemonless':
      return buildDaemonless(services, host, registries, order, to, signal);
    case 'generated':
      return buildGenerated(services, host, registries, generatedOrder(work), to, signal);
    case 'dockerfile':
      return exported(buildDockerfile(services, host, { ...order, dockerfile: choice.dockerfile }, to, signal));
  }
}

function generatedOrder({ order, choice }: Work): DockerfileOrder {
  return { ...order, apt: choice.kind === 'generated' ? choice.apt : [] };
}
