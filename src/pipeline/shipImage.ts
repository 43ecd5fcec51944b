import { availableParallelism } from 'node:os';
import path from 'node:path';
import PQueue from 'p-queue';
import { baseBlob, layerBlob, memoryBlob } from '../build/image/blobs';
import { imageConfig, imageIndex, imageManifest } from '../build/image/imageConfig';
import { LayerCache } from '../build/image/layerCache';
import type { Layer } from '../build/image/layerWriter';
import type { LayerRequest } from '../build/image/layerWorker';
import { makeLayer, type Workshop } from '../build/image/makeLayer';
import { baseReference, type Base } from '../build/image/openBase';
import { describeRecipe, titleOf, type LayerRecipe } from '../build/image/planLayers';
import { Publisher, type NeededBlob } from '../build/image/publisher';
import { writeArchive, type ImageDocument, type ImageOutput } from '../build/image/writeArchive';
import type { Registry } from '../clients/registry/connection';
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

/** An image for one platform, planned. */
export interface ImageVariant {
  readonly base: Base;
  readonly recipes: readonly LayerRecipe[];
}

/** An image that is fully planned. */
export interface ImageJob {
  readonly name: string;
  /** The project's folder. */
  readonly project: string;
  /** One a platform, all of the same Python. */
  readonly variants: readonly ImageVariant[];
  readonly made: Made;
  /** Folder of the server's files. */
  readonly server: string;
  readonly bundle: Bundle;
  readonly registries: Registries;
  /** Settles when what was begun of the layers earlier is made. */
  readonly begun: Promise<void>;
}

/**
 * All layers are begun at once, so that neither the network nor a processor waits for the other. What each step of them
 * takes is bounded: connections to the index, threads, each of which holds some 40 MB, and processes that compile.
 */
const atOnce = { fetching: 8, layerThreads: 2, compiling: availableParallelism() };
const transferEveryMs = 250;

/**
 * Makes what is missing and pushes what the repository lacks. Of several platforms an index is made.
 * @returns the image by digest
 */
export async function pushImage(
  services: Services,
  host: DeployHost,
  job: ImageJob,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<string> {
  const { registry: hostName, repository } = reference;
  const registry = job.registries.get(hostName);
  const folder = path.join(services.home.images, 'pushed');
  const publisher = new Publisher({ registry, repository }, folder, meter(host));
  return withWorkshop(services, host, job, signal, (workshop) =>
    step(host, 'push', `Building and pushing to ${hostName}/${repository}`, async () => {
      const images: PushedVariant[] = [];
      for (const variant of job.variants)
        images.push(await pushVariant(publisher, workshop, { job, variant, registry }, signal));
      const top = topOf(job, images);
      const [only, ...more] = images;
      const isIndex = more.length > 0;
      for (const image of isIndex ? images : [])
        await publisher.manifest(sha256(image.content), image, image.blobs, signal);
      const digest = sha256(top.content);
      const tag = reference.tag ?? `slipway-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
      await publisher.manifest(tag, top, isIndex || only === undefined ? [] : only.blobs, signal);
      const image = formatImageReference({ registry: hostName, repository, digest });
      const { name: model, project } = job;
      await rememberPush(services.home, { registry: hostName, repository, tag, digest, model, project });
      return { result: image, message: `${image} as ${tag}` };
    }),
  );
}

interface PushedVariant extends ImageDocument {
  readonly blobs: readonly NeededBlob[];
}

interface VariantPush {
  readonly job: ImageJob;
  readonly variant: ImageVariant;
  readonly registry: Registry;
}

/** Everything of one platform but its manifest. */
async function pushVariant(
  publisher: Publisher,
  workshop: Workshop,
  { job, variant, registry }: VariantPush,
  signal: AbortSignal,
): Promise<PushedVariant> {
  const { base, recipes } = variant;
  const baseBlobs = base.image.manifest.layers.map((layer) => ({
    source: baseBlob(base, layer),
    // A mount of what is there already is no more than the question whether it is.
    ...(base.registry === registry ? { mountFrom: base.image.reference.repository, isFresh: true } : {}),
  }));
  const making = new Map<LayerRecipe, Promise<Layer>>();
  const layerOf = (recipe: LayerRecipe, abort: AbortSignal): Promise<Layer> => {
    const layer = making.get(recipe) ?? makeLayer(workshop, recipe, abort);
    making.set(recipe, layer);
    return layer;
  };
  const documentsOf = async (abort: AbortSignal): Promise<VariantDocuments> =>
    documents(job, variant, await Promise.all(recipes.map((recipe) => layerOf(recipe, abort))));
  const tasks: readonly ((abort: AbortSignal) => Promise<void>)[] = [
    ...recipes.map((recipe) => async (abort: AbortSignal): Promise<void> => {
      // Only the code of this project stands in its layer, so nobody else has pushed it.
      const isFresh = recipe.kind === 'files' && recipe.part === 'code';
      await publisher.blob({ source: layerBlob(workshop.cache, await layerOf(recipe, abort)), isFresh }, abort);
    }),
    ...baseBlobs.map((blob) => (abort: AbortSignal) => publisher.blob(blob, abort)),
    // All layers are made before they have all arrived.
    async (abort) => publisher.blob({ source: (await documentsOf(abort)).config, isFresh: true }, abort),
  ];
  await inParallel(tasks, tasks.length, (task, abort) => task(abort), signal);
  const { config, ...document } = await documentsOf(signal);
  const layers = await Promise.all(making.values());
  const own = layers.map((layer) => ({ source: layerBlob(workshop.cache, layer) }));
  return { ...document, blobs: [...baseBlobs, ...own, { source: config }] };
}

/** Makes what is missing and writes the image to a folder or a file. @returns `oci:DIR` or `docker:FILE` */
export async function saveImage(
  services: Services,
  host: DeployHost,
  job: ImageJob,
  output: ImageOutput,
  signal: AbortSignal,
): Promise<string> {
  return withWorkshop(services, host, job, signal, async (workshop) => {
    const made = await step(host, 'build', 'Making the layers', async () => {
      const make = (recipe: LayerRecipe, abort: AbortSignal): Promise<Layer> => makeLayer(workshop, recipe, abort);
      const result: (readonly Layer[])[] = [];
      for (const { recipes } of job.variants) result.push(await inParallel(recipes, recipes.length, make, signal));
      const unique = new Map(result.flat().map(({ digest, size }) => [digest, size]));
      const bytes = [...unique.values()].reduce((sum, size) => sum + size, 0);
      return { result, message: `${unique.size} layers, ${formatBytes(bytes)}` };
    });
    return step(host, 'build', `Writing ${output.path}`, async () => {
      const images = job.variants.map((variant, index) => {
        const layers = made[index] ?? [];
        const own = layers.map((layer) => layerBlob(workshop.cache, layer));
        const base = variant.base.image.manifest.layers.map((layer) => baseBlob(variant.base, layer));
        return { ...documents(job, variant, layers), layers: [...base, ...own] };
      });
      const top = topOf(job, images);
      await writeArchive(output, { top, images, name: `${job.name}:slipway` }, signal);
      const image = `${output.kind}:${output.path}`;
      return { result: image, message: `${image}, ${sha256(top.content)}` };
    });
  });
}

/** The one image, or the index of several. */
function topOf<D extends ImageDocument>({ variants }: ImageJob, images: readonly D[]): D | ImageDocument {
  const [only] = images;
  if (only !== undefined && images.length === 1) return only;
  const contents = images.map(({ content }) => ({ digest: sha256(content), size: content.length }));
  const index = imageIndex(
    variants.map(({ base }) => base.image.config),
    contents,
  );
  return { mediaType: mediaTypes.index, content: Buffer.from(JSON.stringify(index)) };
}

/** Lends what layers are made with, and puts it away in the end. */
async function withWorkshop<Result>(
  services: Services,
  host: DeployHost,
  { made, server, variants, begun }: ImageJob,
  signal: AbortSignal,
  use: (workshop: Workshop) => Promise<Result>,
): Promise<Result> {
  const { images } = services.home;
  const cache = new LayerCache(images);
  const program = path.join(services.context.resources, '..', 'dist', 'layerWorker.js');
  const threads = new Threads<LayerRequest, Layer>(program, atOnce.layerThreads);
  const wheels = path.join(images, 'wheels');
  const { python, lock } = made.solved;
  const workshop = {
    cache,
    threads,
    wheels,
    fetched: new Map(),
    fetching: new PQueue({ concurrency: atOnce.fetching }),
    compiling: new PQueue({ concurrency: atOnce.compiling }),
    begun,
    minor: variants[0]?.base.facts.minor ?? python.interpreter.minor,
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

interface VariantDocuments extends ImageDocument {
  readonly config: BlobSource;
}

function documents(
  { made, bundle, name }: ImageJob,
  { base, recipes }: ImageVariant,
  layers: readonly Layer[],
): VariantDocuments {
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
  return {
    mediaType: mediaTypes.manifest,
    content: Buffer.from(JSON.stringify(manifest)),
    config: memoryBlob(described.digest, config),
  };
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
