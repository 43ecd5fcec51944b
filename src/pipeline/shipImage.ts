import { availableParallelism } from 'node:os';
import path from 'node:path';
import { baseBlob, layerBlob, memoryBlob } from '../build/image/blobs';
import { imageConfig, imageManifest } from '../build/image/imageConfig';
import { LayerCache } from '../build/image/layerCache';
import type { Layer } from '../build/image/layerWriter';
import type { LayerRequest } from '../build/image/layerWorker';
import { makeLayer, type Workshop } from '../build/image/makeLayer';
import { baseReference, type Base } from '../build/image/openBase';
import { describeRecipe, titleOf, type LayerRecipe } from '../build/image/planLayers';
import { Publisher, type NeededBlob } from '../build/image/publisher';
import { writeArchive, type ImageOutput } from '../build/image/writeArchive';
import { Threads } from '../clients/process/threads';
import { sha256, type BlobSource } from '../clients/registry/blob';
import type { Bundle } from '../core/bundle';
import type { DeployHost } from '../core/deploy';
import { formatImageReference, type ImageReference } from '../core/image';
import { mediaTypes } from '../core/oci';
import { inParallel } from '../core/parallel';
import type { Registries } from './imageBase';
import type { Made } from './makeArtifact';
import { formatBytes } from './formatPlan';
import { rememberPush } from './pushedImages';
import type { Services } from './services';
import { step } from './step';

/** An image that is fully planned. */
export interface ImageJob {
  readonly name: string;
  /** The project's folder. */
  readonly project: string;
  readonly base: Base;
  readonly recipes: readonly LayerRecipe[];
  readonly made: Made;
  /** Folder of the server's files. */
  readonly server: string;
  readonly bundle: Bundle;
  readonly registries: Registries;
}

/** Making layers is work for the processor, pushing them is waiting: a few more than there are processors. */
const atOnce = Math.min(6, availableParallelism() + 2);
/** Each holds some 70 MB, and the processes that compile byte code want processors as well. */
const layerThreads = Math.max(1, Math.min(2, availableParallelism() - 1));
const transferEveryMs = 250;

/** Makes what is missing and pushes what the repository lacks. @returns the image by digest */
export async function pushImage(
  services: Services,
  host: DeployHost,
  job: ImageJob,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<string> {
  const { base } = job;
  const { registry: hostName, repository } = reference;
  const registry = job.registries.get(hostName);
  const folder = path.join(services.home.images, 'pushed');
  const publisher = new Publisher({ registry, repository }, folder, meter(host));
  const baseBlobs = base.image.manifest.layers.map((layer) => ({
    source: baseBlob(base, layer),
    // A mount of what is there already is no more than the question whether it is.
    ...(base.registry === registry ? { mountFrom: base.image.reference.repository, isFresh: true } : {}),
  }));
  return withWorkshop(services, host, job, signal, (workshop) =>
    step(host, 'push', `Building and pushing to ${hostName}/${repository}`, async () => {
      const tasks: readonly ((abort: AbortSignal) => Promise<Layer | undefined>)[] = [
        ...job.recipes.map((recipe) => async (abort: AbortSignal): Promise<Layer> => {
          const layer = await makeLayer(workshop, recipe, abort);
          // Only the code of this project stands in its layer, so nobody else has pushed it.
          const isFresh = recipe.kind === 'files' && recipe.part === 'code';
          await publisher.blob({ source: layerBlob(workshop.cache, layer), isFresh }, abort);
          return layer;
        }),
        ...baseBlobs.map((blob) => async (abort: AbortSignal): Promise<undefined> => {
          await publisher.blob(blob, abort);
        }),
      ];
      const results = await inParallel(tasks, atOnce, (task, abort) => task(abort), signal);
      const layers = results.filter((layer) => layer !== undefined);
      const { manifest, config } = documents(job, layers);
      await publisher.blob({ source: config, isFresh: true }, signal);
      const digest = sha256(manifest);
      const blobs: readonly NeededBlob[] = [
        ...baseBlobs,
        ...layers.map((layer) => ({ source: layerBlob(workshop.cache, layer) })),
        { source: config },
      ];
      const tag = reference.tag ?? `slipway-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
      await publisher.manifest(tag, { mediaType: mediaTypes.manifest, content: manifest }, blobs, signal);
      const image = formatImageReference({ registry: hostName, repository, digest });
      const { name: model, project } = job;
      await rememberPush(services.home, { registry: hostName, repository, tag, digest, model, project });
      return { result: image, message: `${image} as ${tag}` };
    }),
  );
}

/** Makes what is missing and writes the image to a folder or a file. @returns `oci:DIR` or `docker:FILE` */
export async function saveImage(
  services: Services,
  host: DeployHost,
  job: ImageJob,
  output: ImageOutput,
  signal: AbortSignal,
): Promise<string> {
  const { base } = job;
  return withWorkshop(services, host, job, signal, async (workshop) => {
    const layers = await step(host, 'build', 'Making the layers', async () => {
      const result = await inParallel(
        job.recipes,
        atOnce,
        (recipe, abort) => makeLayer(workshop, recipe, abort),
        signal,
      );
      const bytes = result.reduce((sum, layer) => sum + layer.size, 0);
      return { result, message: `${result.length} layers, ${formatBytes(bytes)}` };
    });
    return step(host, 'build', `Writing ${output.path}`, async () => {
      const { manifest, config } = documents(job, layers);
      const blobs = [
        ...base.image.manifest.layers.map((layer) => baseBlob(base, layer)),
        ...layers.map((layer) => layerBlob(workshop.cache, layer)),
      ];
      await writeArchive(output, { manifest, config, layers: blobs, name: `${job.name}:slipway` }, signal);
      const image = `${output.kind}:${output.path}`;
      return { result: image, message: `${image}, ${sha256(manifest)}` };
    });
  });
}

/** Lends what layers are made with, and puts it away in the end. */
async function withWorkshop<Result>(
  services: Services,
  host: DeployHost,
  { made, server, base }: ImageJob,
  signal: AbortSignal,
  use: (workshop: Workshop) => Promise<Result>,
): Promise<Result> {
  const { images } = services.home;
  const cache = new LayerCache(images);
  const program = path.join(services.context.resources, '..', 'dist', 'layerWorker.js');
  const threads = new Threads<LayerRequest, Layer>(program, layerThreads);
  const wheels = path.join(images, 'wheels');
  const { python, lock } = made.solved;
  const workshop = {
    cache,
    threads,
    wheels,
    fetched: new Map(),
    minor: base.facts.minor,
    python: python.interpreter,
    runtime: server,
    builder: {
      uv: await services.uv(signal),
      interpreter: python.interpreter,
      building: lock.building,
      folder: wheels,
      runtime: server,
      onProgress: (text: string): void => {
        host.report({ event: 'output', source: 'packages', text });
      },
    },
  };
  try {
    return await use(workshop);
  } finally {
    await Promise.all([threads.close(), cache.settled()]);
  }
}

function documents(
  job: ImageJob,
  layers: readonly Layer[],
): { readonly manifest: Buffer; readonly config: BlobSource } {
  const { base, recipes, made, bundle, name } = job;
  const config = Buffer.from(
    JSON.stringify(
      imageConfig(base.image.config, {
        model: name,
        base: baseReference(base),
        baseDigest: base.image.digest,
        bundle: bundle.digest,
        lock: made.solved.lock.digest,
        layers: layers.map((layer, index) => ({ layer, title: titleAt(recipes, index) })),
      }),
    ),
  );
  const described = { digest: sha256(config), size: config.length };
  const manifest = imageManifest(base.image.manifest.layers, layers, described);
  return { manifest: Buffer.from(JSON.stringify(manifest)), config: memoryBlob(described.digest, config) };
}

function titleAt(recipes: readonly LayerRecipe[], index: number): string {
  const recipe = recipes[index];
  return recipe === undefined ? '' : titleOf(describeRecipe(recipe));
}

/** Reports bytes as they go out, a few times a second. */
function meter(host: DeployHost): (bytes: number) => void {
  const started = performance.now();
  let total = 0;
  let told = 0;
  return (bytes) => {
    total += bytes;
    const now = performance.now();
    if (total <= 0 || now - told < transferEveryMs) return;
    told = now;
    host.report({ event: 'transfer', bytes: total, bytesPerSecond: Math.round((total * 1000) / (now - started + 1)) });
  };
}
