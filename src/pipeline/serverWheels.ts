import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { BaseFacts } from '../build/image/probeBase';
import {
  askIndex,
  selectWheels,
  type PythonTarget,
  type Wheel,
  type WheelRequest,
} from '../clients/python/selectWheels';
import type { Platform } from '../core/image';
import type { Solved } from './prepareEnvironment';
import type { Services } from './services';

/** What serving takes beside the user's packages; a kernel is not needed any more. */
const serverRequirements = ['cloudpickle>=2', 'uvicorn>=0.20', 'httptools', 'uvloop'];
/** In every virtual environment that Python's own `venv` makes. */
export const environmentRequirements = ['pip'];

/** Where packages go. */
export interface PackagePlace {
  readonly base: BaseFacts;
  readonly platform: Platform;
}

/**
 * The wheels of the server and of an environment, in versions that the lock allows.
 * @throws UserError WheelMissing and those of uv
 */
export async function serverWheels(
  services: Services,
  order: PackagePlace & { readonly solved: Solved; readonly support: string | undefined },
  signal: AbortSignal,
): Promise<readonly Wheel[]> {
  await askForServer(services, order, signal);
  const constraints = `${order.solved.lock.text}\n${await pinsIn(order.support)}`;
  const request = { ...serverRequest(order), constraints, keptAnswers: true };
  return selectWheels(await services.uv(signal), wheelCache(services), request, signal);
}

/**
 * Asks the index for the newest of them, once a day. They are chosen when the lock is there; asked for while it is
 * solved, they are chosen without waiting. Never rejects: who chooses asks again, and tells.
 */
export async function askForServer(services: Services, place: PackagePlace, signal: AbortSignal): Promise<void> {
  try {
    await askIndex(await services.uv(signal), wheelCache(services), serverRequest(place), signal);
  } catch {
    // Of no interest yet.
  }
}

function serverRequest(place: PackagePlace): WheelRequest {
  const requirements = [...serverRequirements, ...environmentRequirements].join('\n');
  return { subject: "Slipway's server", requirements, dependencies: true, target: pythonTarget(place) };
}

export function pythonTarget({ base, platform }: PackagePlace): PythonTarget {
  const { architecture } = platform;
  return { minor: base.minor, architecture, glibc: base.libc.kind === 'glibc' ? base.libc.version : undefined };
}

export function wheelCache(services: Services): string {
  return path.join(services.home.images, 'wheels');
}

/** What a snapshot was pickled with must unpickle it. */
async function pinsIn(support: string | undefined): Promise<string> {
  if (support === undefined) return '';
  const names = await readdir(support);
  return names
    .map((name) => /^(?<name>.+)-(?<version>[^-]+)\.dist-info$/.exec(name)?.groups)
    .flatMap((found) => (found === undefined ? [] : [`${found['name'] ?? ''}==${found['version'] ?? ''}`]))
    .sort()
    .join('\n');
}
