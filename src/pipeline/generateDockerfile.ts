import type { ContextFile } from '../build/docker/context';
import { dockerfileContext } from '../build/docker/dockerfile';
import { writeContext } from '../build/docker/writeContext';
import { variablesOf } from '../build/image/imageConfig';
import { baseReference } from '../build/image/openBase';
import type { DeployHost } from '../core/deploy';
import type { LayersOrder } from './buildDaemonless';
import type { Registries } from './imageBase';
import { acceleratedLock, filesBelow, selectSupport, serverFiles } from './imageParts';
import { prepareImage, type PreparedImage } from './prepareImage';
import type { Services } from './services';
import { step } from './step';

/** What a Dockerfile is generated for. */
export interface DockerfileOrder extends LayersOrder {
  /** Debian packages. */
  readonly apt: readonly string[];
}

/** The Dockerfile of a prepared image with everything that it copies. */
export async function generateDockerfile(
  services: Services,
  host: DeployHost,
  { base, made, server, bundle }: PreparedImage,
  { name, platform, byteCode, apt, project }: DockerfileOrder,
  signal: AbortSignal,
): Promise<readonly ContextFile[]> {
  return step(host, 'packages', "Choosing the server's packages for the image", async () => {
    const { solved, runtime } = made;
    const { accelerator } = project.config;
    const packages = { solved, base: base.facts, platform, accelerator, support: runtime?.support };
    const accelerated = await acceleratedLock(services, packages, signal);
    const result = dockerfileContext({
      facts: {
        model: name,
        base: baseReference(base),
        baseDigest: base.image.digest,
        bundle: bundle.digest,
        lock: solved.lock.digest,
      },
      base: base.facts,
      path: variablesOf(base.image.config.config?.Env ?? []).get('PATH'),
      apt,
      lock: accelerated.lock,
      torch: accelerated,
      indexes: await (await services.uv(signal)).indexes(signal),
      support: await selectSupport(services, packages, signal),
      server: await serverFiles(server),
      bundle: await filesBelow(bundle.folder),
      byteCode,
    });
    return { result, message: `${result.length} files beside the Dockerfile` };
  });
}

/** Writes a Dockerfile with everything that it copies into a new folder. @returns `dockerfile:DIR` */
export async function exportDockerfile(
  services: Services,
  host: DeployHost,
  registries: Registries,
  order: DockerfileOrder,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const prepared = await prepareImage(services, host, registries, { ...order, byteCode: false }, signal);
  await prepared.made.ended;
  const files = await generateDockerfile(services, host, prepared, order, signal);
  return step(host, 'build', `Writing ${folder}`, async () => {
    await writeContext(folder, files, signal);
    return { result: `dockerfile:${folder}`, message: `Build it with: docker build ${JSON.stringify(folder)}` };
  });
}
