import { planLayers } from '../build/image/planLayers';
import type { SourceFile } from '../build/image/planLayers';
import type { DeployHost } from '../core/deploy';
import { parsePlatform } from '../core/image';
import type { ImagePlan } from '../core/imagePlan';
import path from 'node:path';
import type { Finding, Project } from '../core/project';
import { planFiles } from '../project/planFiles';
import { copyRuntime } from '../clients/python/runtimeFiles';
import { describeTarget, type BuildImageRequest, type ImageTarget } from './buildImage';
import { onBase, Registries } from './imageBase';
import { filesBelow, selectPackages, serverFiles } from './imageParts';
import { inspectOnly } from './inspect';
import { planImage } from './planImage';
import { solve } from './prepareEnvironment';
import { readProjectState } from './projectState';
import type { Services } from './services';
import { identify, type TrainingChoice } from './trainingChoice';

export type PlanImageRequest = Omit<BuildImageRequest, 'to' | 'retrain'> & { readonly to: ImageTarget | undefined };

/** What Containerize would build now. Reads and solves; nothing is executed, installed, fetched or pushed. */
export async function planImageOnly(
  services: Services,
  host: DeployHost,
  request: PlanImageRequest,
  signal: AbortSignal,
): Promise<{ readonly plan: ImagePlan; readonly findings: readonly Finding[] }> {
  const platform = parsePlatform(request.platform ?? 'linux/amd64');
  const { project: inspected, findings } = await inspectOnly(services, request.path, signal);
  const registries = new Registries(request.insecure, services.credentials);
  const { base, project } = await onBase(
    services,
    host,
    registries,
    { project: inspected, base: request.base, platform },
    signal,
  );
  const { added } = await readProjectState(services.home, project.root);
  const solved = await solve(
    services,
    host,
    project,
    added.map((one) => one.spec),
    signal,
  );
  const choice = await identify(services, project, solved, false, signal);
  const wheels = await selectPackages(services, solved, base.facts, platform, undefined, signal);
  const runtime = await copyRuntime(services.home, services.context.resources);
  const { bundle, leftOut } = await bundleFiles(project, choice, signal);
  const { byteCode } = request;
  const recipes = planLayers({ base: base.facts, ...wheels, server: await serverFiles(runtime), bundle, byteCode });
  const plan = planImage({
    name: request.name ?? project.name,
    destination: request.to === undefined ? undefined : describeTarget(request.to),
    base,
    platform,
    lock: solved.lock.digest,
    recipes,
    byteCode,
    leftOut,
  });
  return { plan, findings };
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
