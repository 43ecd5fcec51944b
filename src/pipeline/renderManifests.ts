import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { needsKey } from '../core/exposure';
import type { Finding } from '../core/project';
import type { ImageTarget, Target } from '../core/target';
import { buildProject } from './buildImage';
import { whileBuilding } from './buildsUnderWay';
import { checkExposing, contentOf, originOf, registryMissing } from './deployImage';
import { withSaid, type DeployModelRequest } from './deployModel';
import { inspect } from './inspect';
import { checkedName } from './packageModel';
import { releaseRequest } from './rollOut';
import { collectSecrets } from './secrets';
import { openTarget, type Services } from './services';
import { step } from './step';
import { writeManifests } from './writeManifests';

/**
 * Builds and pushes as a deploy does, and writes what a first release would be instead of applying it. The cluster is
 * never asked.
 * @returns names of the files in the folder
 * @throws UserError RegistryMissing, UsageInvalid, OutputExists
 */
export async function renderManifests(
  services: Services,
  host: DeployHost,
  request: DeployModelRequest & { readonly folder: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const target = await openTarget(services, request.target);
  const render = rendererOf(target);
  const { reference, ...options } = request.image ?? { reference: undefined, insecure: [] };
  if (reference === undefined) throw registryMissing(target.displayName);
  const inspected = await inspect(services, host, { path: request.path, accepts: target.accepts }, signal);
  const project = { ...inspected, config: withSaid(inspected.config, request.config) };
  checkExposing(project);
  const name = checkedName(request.name ?? project.name);
  const secrets = await collectSecrets(host, project.config.secrets ?? [], signal);
  const to = { kind: 'registry' as const, reference };
  const order = { ...options, project, name, to, byteCode: true, retrain: request.retrain === true };
  const image = await whileBuilding(services.home, () => buildProject(services, host, order, signal));
  const content = contentOf(project, image.built.image);
  const release = { ...originOf(project, image), content, secrets, request };
  const objects = await render(name, await releaseRequest(release, signal));
  return step(host, 'deploy', `Writing manifests to ${request.folder}`, async () => {
    const files = await writeManifests(request.folder, objects);
    if (needsKey(content.exposure)) host.report({ event: 'finding', finding: keyToMake(name) });
    return { result: files, message: `${String(files.length)} files in ${request.folder}` };
  });
}

/** Values of secrets stand in no file. */
function keyToMake(name: string): Finding {
  const message = `The pods wait for the Secret ${name}-key in the namespace of the files. To make it: openssl rand -hex 32 | kubectl create secret generic ${name}-key --from-file=key=/dev/stdin`;
  return { code: 'KeyToMake', severity: 'info', message };
}

function rendererOf(target: Target): NonNullable<ImageTarget['render']> {
  if (target.accepts === 'image' && target.render !== undefined) return target.render;
  throw new UserError('UsageInvalid', `${target.displayName} has no manifests.`);
}
