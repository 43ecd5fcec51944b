import { stat } from 'node:fs/promises';
import path from 'node:path';
import { contextArchive, type ContextFile } from '../build/docker/context';
import type * as DockerClient from '../clients/docker';
import type { DockerEngine, EngineBuild } from '../clients/docker';
import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { formatImageReference, formatPlatform, type Platform } from '../core/image';
import type { Project } from '../core/project';
import { baseImages, lineOfInstruction, planDockerContext, type DockerContext } from '../project/dockerContext';
import { count, formatBytes } from './formatPlan';
import { generateDockerfile, type DockerfileOrder } from './generateDockerfile';
import type { Registries } from './imageBase';
import type { ShippedTarget } from './imageTarget';
import { prepareImage, type MadeImage } from './prepareImage';
import { rememberPush } from './pushedImages';
import type { Services } from './services';
import { step } from './step';

/** The SDK is loaded by the first build that needs it. */
const sdk = (): Promise<typeof DockerClient> => import('../clients/docker');

/** What the engine builds. */
interface DockerJob {
  readonly name: string;
  /** The project's folder. */
  readonly project: string;
  readonly platform: Platform;
  readonly files: readonly ContextFile[];
  /** Path in the context, and text. */
  readonly dockerfile: { readonly path: string; readonly text: string };
  readonly labels: Readonly<Record<string, string>>;
  /** The user's own Dockerfile, absolute, for the place of an error. */
  readonly location?: string;
  readonly leftOut: DockerContext['leftOut'];
}

/** An image of a Dockerfile that the user wrote. */
export interface OwnDockerfileOrder {
  readonly project: Project;
  readonly name: string;
  /** Relative to the project. */
  readonly dockerfile: string;
  readonly platform: Platform;
}

/** Builds the user's Dockerfile. @throws UserError DockerfileIncomplete, DockerfileRefused, BuildFailed and those of the engine */
export async function buildDockerfile(
  services: Services,
  host: DeployHost,
  order: OwnDockerfileOrder,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<string> {
  const job = await step(host, 'package', `Choosing the files for ${order.dockerfile}`, async () => {
    const context = await planDockerContext(order.project, order.dockerfile, signal);
    const bytes = context.files.reduce((sum, file) => sum + file.bytes, 0);
    const result = await ownJob(order, context);
    const message = `${count(context.files.length, 'file')}, ${formatBytes(bytes)}; ${context.leftOut.length} left out`;
    return { result, message };
  });
  return buildAndShip(services, host, await findEngine(services, host, to, signal), job, to, signal);
}

/** Builds a generated Dockerfile. @throws UserError BuildFailed and those of the engine */
export async function buildGenerated(
  services: Services,
  host: DeployHost,
  registries: Registries,
  order: DockerfileOrder,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<MadeImage> {
  // Before the notebook is executed: what cannot be built need not be trained.
  const engine = await findEngine(services, host, to, signal);
  const prepared = await prepareImage(services, host, registries, { ...order, byteCode: false }, signal);
  await prepared.made.ended;
  const files = await generateDockerfile(services, host, prepared, order, signal);
  const { name, platform } = order;
  const text = files.flatMap((file) => (file.kind === 'content' && file.path === 'Dockerfile' ? [file.content] : []));
  const dockerfile = { path: 'Dockerfile', text: text.join('') };
  const job = { name, project: order.project.root, platform, files, dockerfile, labels: {}, leftOut: [] };
  return { image: await buildAndShip(services, host, engine, job, to, signal), prepared };
}

async function ownJob(
  { project, name, platform }: OwnDockerfileOrder,
  { dockerfile, text, files, leftOut, port, health }: DockerContext,
): Promise<DockerJob> {
  return {
    name,
    project: project.root,
    platform,
    files: await Promise.all(files.map((file) => contextFile(project.root, file.path, file.bytes))),
    dockerfile: { path: dockerfile, text },
    labels: {
      'org.opencontainers.image.title': name,
      'dev.slipway.model': name,
      'dev.slipway.port': String(port),
      'dev.slipway.health': health,
    },
    location: path.join(project.root, dockerfile),
    leftOut,
  };
}

/** Connects to the user's engine. @throws UserError of {@link openEngine} */
function findEngine(
  services: Services,
  host: DeployHost,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<DockerEngine> {
  if (to.kind === 'oci') throw layoutUnsupported();
  return step(host, 'build', 'Connecting to the Docker engine', async () => {
    const engine = await (await sdk()).openEngine(services.credentials, signal);
    const { context, version, platform } = engine;
    return { result: engine, message: `Docker ${version} for ${platform} at ${context.host} (${context.chosenBy})` };
  });
}

async function contextFile(root: string, name: string, size: number): Promise<ContextFile> {
  const file = path.join(root, name);
  const { mode } = await stat(file);
  return { kind: 'source', path: name, file, size, executable: (mode & 0o111) !== 0 };
}

/** Builds on the engine, then pushes from it or writes a file. @returns the image by digest, or `docker:FILE` */
async function buildAndShip(
  services: Services,
  host: DeployHost,
  engine: DockerEngine,
  job: DockerJob,
  to: ShippedTarget,
  signal: AbortSignal,
): Promise<string> {
  const { pushFromEngine, saveFromEngine } = await sdk();
  const imageId = await build(host, engine, job, signal);
  if (to.kind === 'registry') {
    const { registry, repository, tag = tagOf(imageId) } = to.reference;
    return step(host, 'push', `Pushing to ${registry}/${repository}`, async () => {
      const digest = await pushFromEngine(engine, imageId, { registry, repository, tag }, lines(host), signal);
      const image = formatImageReference({ registry, repository, digest });
      await rememberPush(services.home, { registry, repository, tag, digest, model: job.name, project: job.project });
      return { result: image, message: `${image} as ${tag}` };
    });
  }
  return step(host, 'build', `Writing ${to.path}`, async () => {
    await saveFromEngine(engine, imageId, { repo: job.name, tag: 'slipway' }, to.path, signal);
    const image = `docker:${to.path}`;
    return { result: image, message: `${image}, ${imageId}` };
  });
}

function build(host: DeployHost, engine: DockerEngine, job: DockerJob, signal: AbortSignal): Promise<string> {
  const { dockerfile, files, labels, platform } = job;
  return step(host, 'build', `Building ${dockerfile.path} on the Docker engine`, async () => {
    const { buildOnEngine, buildFailed } = await sdk();
    const order: EngineBuild = {
      context: contextArchive(files, signal),
      dockerfile: dockerfile.path,
      bases: baseImages(dockerfile.text),
      labels,
      platform: formatPlatform(platform),
    };
    const outcome = await buildOnEngine(engine, order, lines(host), signal);
    if (outcome.kind === 'built') return { result: outcome.imageId, message: outcome.imageId };
    const { failed } = outcome;
    const line = lineOfInstruction(dockerfile.text, failed.instruction ?? '');
    const file =
      job.location === undefined ? undefined : { path: job.location, ...(line === undefined ? {} : { line }) };
    throw buildFailed(failed, file, remedyFor(job, `${failed.instruction ?? ''} ${failed.why}`));
  });
}

/** A file that stays behind is the commonest reason why a COPY finds nothing. */
function remedyFor({ leftOut }: DockerJob, said: string): string | undefined {
  if (said.includes('server gave HTTP response to HTTPS client'))
    return 'Add the registry to insecure-registries of the engine: one without encryption is its decision.';
  const missing = leftOut.find(({ path: name }) => said.includes(name.replace(/\/$/, '')));
  return missing === undefined ? undefined : `${missing.path} is not sent to the engine: ${missing.reason}.`;
}

function lines(host: DeployHost): (line: string) => void {
  return (text) => {
    host.report({ event: 'output', source: 'docker', text });
  };
}

function tagOf(imageId: string): string {
  return `slipway-${imageId.replace(/^sha256:/, '').slice(0, 12)}`;
}

function layoutUnsupported(): UserError {
  return new UserError(
    'OutputInvalid',
    'A Docker engine does not write OCI layouts, so oci:DIR is not possible here.',
    {
      remedy: { kind: 'hint', label: 'Use docker:FILE, or push the image.' },
    },
  );
}
