import { isLasting } from '../../../clients/kubernetes/failures';
import { isUserError } from '../../../core/errors';
import { quantity } from '../../../core/quantity';
import type { KubeClient, KubeObject } from '../../../clients/kubernetes';

/** What runs now, in cores and bytes. */
export interface Use {
  readonly cpu: number;
  readonly memory: number;
}

interface Metrics extends KubeObject {
  readonly usage?: { readonly cpu: string; readonly memory: string };
  readonly containers?: readonly { readonly usage: { readonly cpu: string; readonly memory: string } }[];
}

/** Where none are served or may be read, it is asked again so much later, by one list for all that wait. */
const restMs = 300_000;

const resting = new WeakMap<KubeClient, Map<string, { readonly until: number; readonly error: unknown }>>();

/**
 * What the objects of a list of metrics use, by name.
 * https://github.com/kubernetes/metrics/blob/master/pkg/apis/metrics/v1beta1/types.go
 * @throws UserError KubernetesNotFound where no metrics are served
 */
export async function readUse(
  client: KubeClient,
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Use>> {
  const rests = resting.get(client) ?? new Map<string, { readonly until: number; readonly error: unknown }>();
  resting.set(client, rests);
  const rest = rests.get(path) ?? rests.get('');
  if (rest !== undefined && performance.now() < rest.until) throw rest.error;
  const { items } = await client
    .request<{ readonly items: readonly Metrics[] }>({ what: 'read metrics', path }, signal)
    .catch((error: unknown) => {
      // Who may not read those of one namespace may read those of another; what is not served is so everywhere.
      const place = isUserError(error) && error.code === 'KubernetesNotFound' ? '' : path;
      if (isLasting(error)) rests.set(place, { until: performance.now() + restMs, error });
      throw error;
    });
  return new Map(items.map((one) => [one.metadata.name, useOf(one)]));
}

function useOf({ usage, containers }: Metrics): Use {
  const all = usage === undefined ? (containers ?? []).map((one) => one.usage) : [usage];
  return {
    cpu: all.reduce((total, one) => total + quantity(one.cpu), 0),
    memory: all.reduce((total, one) => total + quantity(one.memory), 0),
  };
}
