import path from 'node:path';
import { hashFile } from '../../clients/files/contentStore';
import type { Threads } from '../../clients/process/threads';
import { compileByteCode } from '../../clients/python/byteCode';
import { buildWheel, builtWith, type WheelBuilder } from '../../clients/python/buildWheel';
import { fetchWheel } from '../../clients/python/fetchWheel';
import type { Wheel } from '../../clients/python/selectWheels';
import { mediaTypes } from '../../core/oci';
import { filesLayerVersion, writeFilesLayer, type LayerFile } from './filesLayer';
import { environmentScheme, imagePaths, supportScheme, type InstallScheme } from './imagePaths';
import { keyOf, type LayerCache } from './layerCache';
import type { Layer } from './layerWriter';
import type { LayerRecipe, LibrarySource } from './planLayers';
import type { LayerRequest } from './layerWorker';
import { wheelLayerVersion, type WheelFile } from './wheelLayer';

/** What making layers needs of this machine. */
export interface Workshop {
  readonly cache: LayerCache;
  /** They run `layerWorker.ts`. */
  readonly threads: Threads<LayerRequest, Layer>;
  /** Folder of fetched wheels. */
  readonly wheels: string;
  /** Wheels that are being fetched or were, by hash: a layer of modules and one of byte code share them. */
  readonly fetched: Map<string, Promise<string>>;
  /** `3.11`, of the base and of this machine's interpreter. */
  readonly minor: string;
  /** The interpreter that compiles: its path, and its version for the cache. */
  readonly python: { readonly path: string; readonly version: string };
  /** Folder of the server's files, which holds the compiler too. */
  readonly runtime: string;
  readonly builder: WheelBuilder;
}

/** Up to here a layer is made while a thread would start. */
const inPlaceBytes = 512 * 1024;

/** Raise it when the same modules give other bytes than before. */
const byteCodeVersion = 2;

/** The layer of a recipe; one that was made before is neither fetched nor unpacked again. */
export function makeLayer(workshop: Workshop, recipe: LayerRecipe, signal: AbortSignal): Promise<Layer> {
  switch (recipe.kind) {
    case 'wheels':
      return wheelLayer(workshop, recipe, signal);
    case 'byteCode':
      return byteCodeLayer(workshop, recipe, signal);
    case 'library':
      return libraryLayer(workshop, recipe.library, signal);
    case 'files':
      return filesLayer(workshop, recipe.files, signal);
  }
}

function wheelLayer(
  workshop: Workshop,
  { part, wheels }: Extract<LayerRecipe, { kind: 'wheels' }>,
  signal: AbortSignal,
): Promise<Layer> {
  const scheme = schemeOf(part, workshop.minor);
  const inputs = ['wheels', wheelLayerVersion, scheme, origins(workshop, wheels)];
  return workshop.cache.layer(inputs, async (to) => {
    const files = await fetchAll(workshop, wheels, signal);
    return workshop.threads.run({ kind: 'wheels', to, wheels: files, scheme }, signal);
  });
}

function byteCodeLayer(
  workshop: Workshop,
  { part, wheels, server }: Extract<LayerRecipe, { kind: 'byteCode' }>,
  signal: AbortSignal,
): Promise<Layer> {
  const { python, runtime, minor } = workshop;
  const { packages } = schemeOf(part, minor);
  const own = server.length === 0 ? '' : path.basename(runtime);
  const made = origins(workshop, wheels);
  const inputs = ['byteCode', byteCodeVersion, python.version, packages, made, own];
  return workshop.cache.layer(inputs, async (output) => {
    const files = await fetchAll(workshop, wheels, signal);
    const request = {
      output,
      kept: keptByteCode(workshop),
      wheels: files.map(({ file }, index) => {
        const key = keyOf([byteCodeVersion, python.version, packages, made[index]]);
        return { key, file, packages };
      }),
      folders: [{ folder: runtime, path: imagePaths.runtime, files: server.map((one) => one.path) }],
    };
    return { mediaType: mediaTypes.layerGzip, ...(await compileByteCode(python.path, runtime, request, signal)) };
  });
}

function libraryLayer(workshop: Workshop, library: LibrarySource, signal: AbortSignal): Promise<Layer> {
  const { python, runtime } = workshop;
  const inputs = ['byteCode', byteCodeVersion, python.version, library.path, library.base];
  return workshop.cache.layer(inputs, async (output) => {
    const request = { output, kept: keptByteCode(workshop), wheels: [], folders: [library] };
    return { mediaType: mediaTypes.layerGzip, ...(await compileByteCode(python.path, runtime, request, signal)) };
  });
}

async function filesLayer(workshop: Workshop, files: readonly LayerFile[], signal: AbortSignal): Promise<Layer> {
  const inputs: unknown[] = ['files', filesLayerVersion];
  for (const file of files)
    inputs.push(file.kind === 'source' ? [file.path, file.size, await hashFile(file.file, signal)] : file);
  const isSmall = files.reduce((sum, file) => sum + (file.kind === 'source' ? file.size : 0), 0) <= inPlaceBytes;
  return workshop.cache.layer(inputs, (to) =>
    isSmall ? writeFilesLayer(to, files) : workshop.threads.run({ kind: 'files', to, files }, signal),
  );
}

/** Where the byte code of single wheels is kept. */
function keptByteCode({ wheels }: Workshop): string {
  return path.join(path.dirname(wheels), 'byteCode');
}

function schemeOf(part: 'packages' | 'support', minor: string): InstallScheme {
  return part === 'packages' ? environmentScheme(minor) : supportScheme();
}

async function fetchAll(
  workshop: Workshop,
  wheels: readonly Wheel[],
  signal: AbortSignal,
): Promise<readonly WheelFile[]> {
  return Promise.all(
    wheels.map(async (wheel) => {
      const fetching = workshop.fetched.get(wheel.sha256) ?? obtain(workshop, wheel, signal);
      workshop.fetched.set(wheel.sha256, fetching);
      return { name: wheel.name, file: await fetching, isBuilt: wheel.isSource === true };
    }),
  );
}

function obtain(workshop: Workshop, wheel: Wheel, signal: AbortSignal): Promise<string> {
  return wheel.isSource === true
    ? buildWheel(workshop.builder, wheel, signal)
    : fetchWheel(workshop.wheels, wheel, signal);
}

/** What the content of wheels depends on, known before they are fetched or built. */
function origins({ builder }: Workshop, wheels: readonly Wheel[]): readonly string[] {
  return wheels.map(({ sha256, isSource }) => (isSource === true ? `${sha256} ${builtWith(builder)}` : sha256));
}
