import path from 'node:path';
import type { Coprocess } from '../clients/process/coprocess';
import type { CredentialSource } from '../clients/registry/dockerConfig';
import { placeRuntime, readRuntime } from '../clients/python/runtimeFiles';
import { openUv, type Uv } from '../clients/python/uv';
import { UserError } from '../core/errors';
import { homeAt, type Home } from '../core/home';
import type { Target, TargetContext } from '../core/target';
import type { InspectOptions } from '../project/inspectProject';
import { inspectorProgram } from '../project/tools';
import { targetKinds } from '../targets';

/** What every use case shares. Nothing is opened before it is needed, and then once. */
export interface Services {
  readonly home: Home;
  readonly context: TargetContext;
  /** Environments of this machine that a file of a project may run in: see {@link InspectOptions}. */
  readonly environments: InspectOptions['environments'];
  /** Credentials of registries that the user typed; undefined where nobody types any. */
  readonly credentials: CredentialSource | undefined;
  uv(signal: AbortSignal): Promise<Uv>;
  /** Folder in the home with what trains and serves. */
  runtime(signal: AbortSignal): Promise<string>;
  /** What reads the code of projects. */
  inspector(signal: AbortSignal): Promise<Coprocess>;
  /** Ends what is kept for the next use. */
  close(): void;
}

/** What an editor knows that a terminal does not, or the other way round. */
export interface Surroundings {
  readonly credentials?: CredentialSource;
  readonly environments?: InspectOptions['environments'];
}

export function makeServices(context: TargetContext, { credentials, environments }: Surroundings = {}): Services {
  const home = homeAt(context.home);
  const uv = once((signal) => openUv(home, context.resources, signal));
  let reading: Coprocess | undefined;
  const inspector = once(async (signal) => {
    const { interpreters } = await uv(signal);
    reading = inspectorProgram(interpreters[0]?.path ?? 'python3', path.join(context.resources, 'runtime'));
    return reading;
  });
  // Free Space may have deleted the copy.
  const files = once(() => readRuntime(context.resources));
  const runtime: Services['runtime'] = async (signal) => placeRuntime(home, await files(signal));
  const close = (): void => reading?.close();
  return { home, context, credentials, environments, uv, runtime, inspector, close };
}

/** Opened when it is asked for first; a failure is not kept. */
function once<T>(open: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let opened: Promise<T> | undefined;
  return (signal) => {
    opened ??= open(signal).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

/** The target that a user named. @throws UserError TargetUnknown */
export async function openTarget(services: Services, id: string): Promise<Target> {
  for (const load of targetKinds) {
    const target = (await load()).open(id, services.context);
    if (target !== undefined) return target;
  }
  throw new UserError('TargetUnknown', `There is no target named ${id}.`, {
    remedy: { kind: 'hint', label: 'Use local for this machine, or kubernetes:CONTEXT/NAMESPACE.' },
  });
}
