import path from 'node:path';
import type PQueue from 'p-queue';
import { hashFile } from '../../clients/files/contentStore';
import type { Threads } from '../../clients/process/threads';
import { compileByteCode, type ByteCodeLayer, type ByteCodeRequest } from '../../clients/python/byteCode';
import { buildWheel, builtWith, type WheelBuilder } from '../../clients/python/buildWheel';
import { fetchWheel } from '../../clients/python/fetchWheel';
import type { Wheel } from '../../clients/python/selectWheels';
import { mediaTypes } from '../../core/oci';
import { filesLayerVersion, writeFilesLayer } from './filesLayer';
import { environmentScheme, imagePaths, supportScheme, type InstallScheme } from './imagePaths';
import { keyOf, type LayerCache } from './layerCache';
import type { Layer } from './layerWriter';
import type { LayerRecipe, LibrarySource } from './planLayers';
import type { LayerRequest } from './layerWorker';
import { wheelLayerVersion, type WheelFile } from './wheelLayer';

/** What compiles for an image. */
export interface ByteCodeCompiler {
  readonly cache: LayerCache;
  /** Folder of fetched wheels. */
  readonly wheels: string;
  /** The interpreter that compiles: its path, and its version for the cache. */
  readonly python: { readonly path: string; readonly version: string };
  /** Folder of the server's files, which holds the compiler too. */
  readonly runtime: string;
  /** How many processes compile at once. */
  readonly compiling: PQueue;
}

/** What making layers needs of this machine. */
export interface Workshop extends ByteCodeCompiler {
  /** They run `layerWorker.ts`. */
  readonly threads: Threads<LayerRequest, Layer>;
  /** Wheels that are being fetched or were, by hash: a layer of modules and one of byte code share them. */
  readonly fetched: Map<string, Promise<string>>;
  /** How much is fetched at once. */
  readonly fetching: PQueue;
  /** Settles when what was begun of the byte code earlier is made. */
  readonly begun: Promise<void>;
  /** `3.11`, of the base and of this machine's interpreter. */
  readonly minor: string;
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
      return workshop.begun.then(() => libraryLayer(workshop, recipe.library, signal));
    case 'files':
      return filesLayer(workshop, recipe, signal);
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
    return workshop.threads.run({ kind: 'wheels', to, wheels: files, scheme }, bytesOf(wheels), signal);
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
    return compiled(workshop, request, bytesOf(wheels), signal);
  });
}

/** The byte code of a base's standard library, which can be made as soon as the base is known. */
export function libraryLayer(compiler: ByteCodeCompiler, library: LibrarySource, signal: AbortSignal): Promise<Layer> {
  const inputs = ['byteCode', byteCodeVersion, compiler.python.version, library.path, library.base];
  return compiler.cache.layer(inputs, (output) =>
    compiled(compiler, { output, kept: keptByteCode(compiler), wheels: [], folders: [library] }, Infinity, signal),
  );
}

/** @param effort what takes longer is begun first, so that none of it is left for the end alone */
async function compiled(
  { compiling, python, runtime }: ByteCodeCompiler,
  request: ByteCodeRequest,
  effort: number,
  signal: AbortSignal,
): Promise<Layer> {
  const compile = (): Promise<ByteCodeLayer> => {
    signal.throwIfAborted();
    return compileByteCode(python.path, runtime, request, signal);
  };
  return { mediaType: mediaTypes.layerGzip, ...(await compiling.add(compile, { priority: effort })) };
}

async function filesLayer(
  workshop: Workshop,
  { part, files }: Extract<LayerRecipe, { kind: 'files' }>,
  signal: AbortSignal,
): Promise<Layer> {
  const inputs: unknown[] = ['files', filesLayerVersion];
  // The folder of the server's files is named by what they hold.
  const known = part === 'server' ? path.basename(workshop.runtime) : undefined;
  for (const file of files)
    inputs.push(file.kind === 'source' ? [file.path, file.size, known ?? (await hashFile(file.file, signal))] : file);
  const bytes = files.reduce((sum, file) => sum + (file.kind === 'source' ? file.size : 0), 0);
  const isSmall = bytes <= inPlaceBytes;
  return workshop.cache.layer(inputs, (to) =>
    isSmall ? writeFilesLayer(to, files) : workshop.threads.run({ kind: 'files', to, files }, bytes, signal),
  );
}

/** Where the byte code of single wheels is kept. */
function keptByteCode({ wheels }: ByteCodeCompiler): string {
  return path.join(path.dirname(wheels), 'byteCode');
}

function bytesOf(wheels: readonly Wheel[]): number {
  return wheels.reduce((sum, { size = 0 }) => sum + size, 0);
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
    ? workshop.compiling.add(() => buildWheel(workshop.builder, wheel, signal))
    : workshop.fetching.add(() => fetchWheel(workshop.wheels, wheel, signal));
}

/** What the content of wheels depends on, known before they are fetched or built. */
function origins({ builder }: Workshop, wheels: readonly Wheel[]): readonly string[] {
  return wheels.map(({ sha256, isSource }) => (isSource === true ? `${sha256} ${builtWith(builder)}` : sha256));
}
