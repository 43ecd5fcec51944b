import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { inertText } from '../../../core/inertText';
import type { Pod } from '../objects';
import type { Place } from '../place';

interface PodEvent extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
}

/** What the kubelet said of pulling the image, with its time; undefined where it, or we may not know, says nothing. */
export async function pulledMessage(
  { client, namespace }: Place,
  pod: Pod | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (pod === undefined) return undefined;
  try {
    const { items = [] } = await client.request<{ readonly items?: readonly PodEvent[] }>(
      {
        what: `list events in ${namespace}`,
        path: resourcePath(resources.events, namespace),
        query: { fieldSelector: `involvedObject.uid=${pod.metadata.uid},reason=Pulled` },
      },
      signal,
    );
    const message = items.at(-1)?.message ?? '';
    return message.startsWith('Successfully') ? inertText(message) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
