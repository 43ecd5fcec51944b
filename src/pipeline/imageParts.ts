import { stat } from 'node:fs/promises';
import path from 'node:path';
import { listFiles } from '../clients/files/contentStore';
import { hostGlibc } from '../clients/python/hostLibc';
import { selectWheels, wheelMissing, type Wheel, type WheelRequest } from '../clients/python/selectWheels';
import { compilesFor } from '../build/image/compilesFor';
import type { SourceFile } from '../build/image/planLayers';
import type { BaseFacts } from '../build/image/probeBase';
import type { Platform } from '../core/image';
import type { Solved } from './prepareEnvironment';
import { environmentRequirements, pythonTarget, serverWheels, wheelCache } from './serverWheels';
import type { Services } from './services';
import { selectTorch, type Accelerated } from './torchWheels';

const shipped = /^(?:worker\.py$|slipway_worker\/|slipway_server\/)/;

/** The packages of an image, for its platform: those of the user, and those of the server that the user's do not bring. */
export interface ImagePackages {
  readonly packages: readonly Wheel[];
  readonly support: readonly Wheel[];
}

/** What an image's packages are chosen by. */
export interface PackageOrder {
  readonly solved: Solved;
  readonly base: BaseFacts;
  readonly platform: Platform;
  /** `cpu`, `cu126`; undefined where the project does not say. */
  readonly accelerator: string | undefined;
  /** Folder with the server's packages on this machine: the image gets the same versions. */
  readonly support: string | undefined;
}

interface BuiltPackageOrder extends PackageOrder {
  /** Whether this machine builds the packages that have no wheel. */
  readonly builds: boolean;
}

/**
 * Chooses the wheels of an image from the lock; the source of a package without one where this machine can build it.
 * @throws UserError WheelMissing, PackageHashMismatch, RuntimeConflict's causes and those of uv
 */
export async function selectPackages(
  services: Services,
  order: BuiltPackageOrder,
  signal: AbortSignal,
): Promise<ImagePackages> {
  const uv = await services.uv(signal);
  const { lock, wheels } = await acceleratedLock(services, order, signal);
  const users = {
    subject: 'the packages of this project',
    requirements: lock,
    dependencies: false,
    sources: true,
    target: pythonTarget(order),
    keptAnswers: true,
  };
  const [ordinary, added] = await Promise.all([
    selectWheels(uv, wheelCache(services), users, signal).then((found) => buildable(order, users, found, signal)),
    serverWheels(services, order, signal),
  ]);
  const chosen = [...ordinary, ...wheels];
  const known = new Set(chosen.map((wheel) => wheel.distribution));
  const missing = added.filter((wheel) => !known.has(wheel.distribution));
  const isOfEnvironment = (wheel: Wheel): boolean => environmentRequirements.includes(wheel.distribution);
  return {
    packages: [...chosen, ...missing.filter(isOfEnvironment)],
    support: missing.filter((wheel) => !isOfEnvironment(wheel)),
  };
}

/** What is compiled here must run there. @throws UserError WheelMissing */
async function buildable(
  { builds, solved, base, platform }: BuiltPackageOrder,
  request: Pick<WheelRequest, 'subject' | 'target'>,
  packages: readonly Wheel[],
  signal: AbortSignal,
): Promise<readonly Wheel[]> {
  const source = packages.find(({ isSource }) => isSource);
  if (source === undefined) return packages;
  const { interpreter } = solved.python;
  const glibc = await hostGlibc(interpreter.path, signal);
  const host = { platform: process.platform, arch: process.arch, minor: interpreter.minor, glibc };
  if (builds && compilesFor(host, base, platform)) return packages;
  throw wheelMissing(request, `${source.distribution} ${source.version}`);
}

/** The lock with PyTorch's wheels for the accelerator set apart. @throws UserError those of {@link selectTorch} */
export async function acceleratedLock(
  services: Services,
  order: PackageOrder,
  signal: AbortSignal,
): Promise<Accelerated> {
  const { solved, accelerator } = order;
  const torch = { lock: solved.lock.text, accelerator, target: pythonTarget(order) };
  return selectTorch(await services.uv(signal), wheelCache(services), torch, signal);
}

/**
 * The wheels of the server, all of them: pip installs those of the user when a Dockerfile is built.
 * @throws UserError WheelMissing and those of uv
 */
export async function selectSupport(
  services: Services,
  order: PackageOrder,
  signal: AbortSignal,
): Promise<readonly Wheel[]> {
  const wheels = await serverWheels(services, order, signal);
  return wheels.filter((wheel) => !environmentRequirements.includes(wheel.distribution));
}

/** The server's own files, of a folder that holds all of the runtime. */
export async function serverFiles(runtime: string): Promise<readonly SourceFile[]> {
  const files = await filesBelow(runtime);
  return files.filter((file) => shipped.test(file.path) && !file.path.includes('__pycache__'));
}

/** Every file below a folder with its size, sorted by path. */
export async function filesBelow(folder: string): Promise<readonly SourceFile[]> {
  const names = await listFiles(folder);
  const files: SourceFile[] = [];
  // One after the other: a hundred thousand at once would take memory and no less time.
  for (const name of names) {
    const file = path.join(folder, name);
    files.push({ path: name, file, size: (await stat(file)).size });
  }
  return files;
}
