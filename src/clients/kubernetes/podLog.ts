import type { KubeClient } from './client';
import { explainSilence } from './failures';
import { withHeartbeat } from './heartbeat';
import { splitLines, type PodLogLine } from './logLines';
import { resourcePath, resources } from './objects';

/** Which log of a pod is read, and from where. */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  /** Of the container before the last restart. */
  readonly previous?: boolean;
  /** RFC 3339; the API takes whole seconds and gives lines from the begin of that second. */
  readonly sinceTime?: string;
  readonly tailLines?: number;
}

/**
 * The lines of one container, each with its time; those that were read together come together. Ends where the log does,
 * or when the server ends it.
 * @throws UserError KubernetesUnreachable when the connection breaks, and as KubeClient.open
 */
export async function* readPodLog(
  client: KubeClient,
  request: PodLogRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLogLine[]> {
  if (request.follow) yield* withHeartbeat(client, (inner) => readOnce(client, request, inner), signal);
  else yield* readOnce(client, request, signal);
}

async function* readOnce(
  client: KubeClient,
  request: PodLogRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly PodLogLine[]> {
  const { namespace, pod, container, follow, previous, sinceTime, tailLines } = request;
  const what = `read the log of the pod ${pod}`;
  const response = await client.open(
    {
      what,
      path: `${resourcePath(resources.pods, namespace, pod)}/log`,
      query: { container, follow, timestamps: true, previous, sinceTime, tailLines },
      // A model that nobody asks writes nothing.
      ...(follow ? { silenceMs: 0 } : {}),
    },
    signal,
  );
  try {
    yield* splitLines(response);
  } catch (error) {
    signal.throwIfAborted();
    throw explainSilence(client.context, what, error);
  } finally {
    response.destroy();
  }
}
