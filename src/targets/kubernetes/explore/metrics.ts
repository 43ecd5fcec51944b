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
  const { items } = await client.request<{ readonly items: readonly Metrics[] }>(
    { what: 'read metrics', path },
    signal,
  );
  return new Map(items.map((one) => [one.metadata.name, useOf(one)]));
}

function useOf({ usage, containers }: Metrics): Use {
  const all = usage === undefined ? (containers ?? []).map((one) => one.usage) : [usage];
  return {
    cpu: all.reduce((total, one) => total + quantity(one.cpu), 0),
    memory: all.reduce((total, one) => total + quantity(one.memory), 0),
  };
}
