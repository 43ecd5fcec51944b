import type { CredentialSource } from '../clients/registry/dockerConfig';
import { openUv, type Uv } from '../clients/python/uv';
import { UserError } from '../core/errors';
import { homeAt, type Home } from '../core/home';
import type { Target, TargetContext } from '../core/target';
import { targetKinds } from '../targets';

/** What every use case shares. Nothing is opened before it is needed, and then once. */
export interface Services {
  readonly home: Home;
  readonly context: TargetContext;
  /** Python of the kernel that the user selected for the notebook: its packages tell names and versions. */
  readonly kernel: string | undefined;
  /** Credentials of registries that the user typed; undefined where nobody types any. */
  readonly credentials: CredentialSource | undefined;
  uv(signal: AbortSignal): Promise<Uv>;
}

export function makeServices(context: TargetContext, kernel?: string, credentials?: CredentialSource): Services {
  const home = homeAt(context.home);
  let opened: Promise<Uv> | undefined;
  return {
    home,
    context,
    kernel,
    credentials,
    uv: (signal) => {
      opened ??= openUv(home, context.resources, signal).catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
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
