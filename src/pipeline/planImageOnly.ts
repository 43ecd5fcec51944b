import { platformOf } from '../build/image/openBase';
import type { SourceFile } from '../build/image/planLayers';
import type { DeployHost } from '../core/deploy';
import { formatPlatform, parsePlatforms, type Platform } from '../core/image';
import type { DockerfilePlan, ImagePlan } from '../core/imagePlan';
import path from 'node:path';
import type { Finding, Project } from '../core/project';
import { planFiles } from '../project/planFiles';
import { baseImages, planDockerContext } from '../project/dockerContext';
import { acceptedEntries, type BuildImageRequest } from './buildImage';
import { chooseBuilder } from './chooseBuilder';
import { checkSeveral, describeTarget, type ImageTarget } from './imageTarget';
import { furtherBases, onBase, Registries } from './imageBase';
import { filesBelow } from './imageParts';
import { inspectOnly } from './inspect';
import { planImage, type ImageBlueprint } from './planImage';
import { solve } from './prepareEnvironment';
import { readProjectState } from './projectState';
import type { Services } from './services';
import { identify, type TrainingChoice } from './trainingChoice';

export type PlanImageRequest = Omit<BuildImageRequest, 'to' | 'retrain'> & { readonly to: ImageTarget | undefined };

/** What an image would be, one plan a platform. */
export interface PlannedOnly {
  readonly plans: readonly (ImagePlan | DockerfilePlan)[];
  readonly findings: readonly Finding[];
}

/** What Containerize would build now. Reads and solves; nothing is executed, installed, fetched or pushed. */
export async function planImageOnly(
  services: Services,
  host: DeployHost,
  request: PlanImageRequest,
  signal: AbortSignal,
): Promise<PlannedOnly> {
  const [platform, ...others] = parsePlatforms(request.platform);
  const { to, byteCode } = request;
  const { project: inspected, findings } = await inspectOnly(
    services,
    { path: request.path, accepts: acceptedEntries(request) },
    signal,
  );
  const builder = await chooseBuilder(inspected, request.builder, to);
  if (others.length > 0) checkSeveral(builder.kind === 'daemonless', to);
  const named = {
    name: request.name ?? inspected.name,
    destination: to === undefined ? undefined : describeTarget(to),
  };
  if (builder.kind === 'dockerfile') {
    const plan = await planDockerfile(inspected, { ...named, dockerfile: builder.dockerfile, platform }, signal);
    return { plans: [plan], findings };
  }
  const registries = new Registries(request.insecure, services.credentials);
  const based = { project: inspected, base: request.base, platform };
  const { base, project } = await onBase(services, host, registries, based, signal);
  const further = await furtherBases(services, base, others, signal);
  const apt = builder.kind === 'generated' ? { apt: builder.apt } : {};
  const parts = { ...named, byteCode, ...apt, ...(await solvedParts(services, host, project, signal)) };
  const plans: ImagePlan[] = [];
  for (const one of [base, ...further]) {
    const blueprint = { ...parts, base: one, platform: platformOf(one) };
    plans.push((await planImage(services, blueprint, signal)).plan);
  }
  return { plans, findings };
}

/** What the plans of all platforms share. */
async function solvedParts(
  services: Services,
  host: DeployHost,
  project: Project,
  signal: AbortSignal,
): Promise<Omit<ImageBlueprint, 'name' | 'destination' | 'base' | 'platform' | 'byteCode'>> {
  const { added } = await readProjectState(services.home, project.root);
  const specs = added.map((one) => one.spec);
  const solved = await solve(services, host, project, specs, signal);
  const choice = await identify(services, project, solved, false, signal);
  const server = await services.runtime(signal);
  const files = await bundleFiles(project, choice, signal);
  return { solved, support: undefined, server, ...files, accelerator: project.config.accelerator };
}

interface DockerfileBlueprint {
  readonly name: string;
  readonly destination: string | undefined;
  readonly dockerfile: string;
  readonly platform: Platform;
}

async function planDockerfile(
  project: Project,
  { name, destination, dockerfile, platform }: DockerfileBlueprint,
  signal: AbortSignal,
): Promise<DockerfilePlan> {
  const { files, leftOut, text, port, health } = await planDockerContext(project, dockerfile, signal);
  return {
    name,
    ...(destination === undefined ? {} : { destination }),
    dockerfile,
    bases: baseImages(text),
    platform: formatPlatform(platform),
    files: { count: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) },
    leftOut,
    port,
    health,
  };
}

/** The bundle as far as it is known: a model that is yet to be trained has no size. */
async function bundleFiles(
  project: Project,
  choice: TrainingChoice,
  signal: AbortSignal,
): Promise<{ readonly bundle: readonly SourceFile[]; readonly leftOut: ImagePlan['leftOut'] }> {
  const { files, leftOut } = await planFiles(project, signal);
  const own = files
    .filter((file) => !file.path.endsWith('.ipynb'))
    .map((file) => ({ path: `project/${file.path}`, file: path.join(project.root, file.path), size: file.bytes }));
  const trained = choice.kind === 'reuse' ? await filesBelow(choice.record.artifact) : [];
  return { bundle: [...own, ...trained.map((file) => ({ ...file, path: `artifact/${file.path}` }))], leftOut };
}
