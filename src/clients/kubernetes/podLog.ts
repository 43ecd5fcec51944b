import { StringDecoder } from 'node:string_decoder';
import type { KubeClient } from './client';
import { explainSilence } from './failures';
import { withHeartbeat } from './heartbeat';
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

/** One line as the container runtime kept it. */
export interface PodLogLine {
  /** RFC 3339 with nanoseconds, as the kubelet tells it. */
  readonly time: string;
  readonly text: string;
}

/** A line that is longer is cut: it is kept for people. */
const longestLine = 64 * 1024;

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

/** Lines of a stream of bytes; a long one is cut while it comes, so that memory is bounded. */
export async function* splitLines(stream: AsyncIterable<unknown>): AsyncGenerator<readonly PodLogLine[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = (parts.pop() ?? '').slice(0, longestLine);
    if (parts.length > 0) yield parts.map(parseLine);
  }
  if (rest !== '') yield [parseLine(rest)];
}

function parseLine(line: string): PodLogLine {
  const space = line.indexOf(' ');
  const end = space === -1 ? line.length : space;
  return { time: line.slice(0, end), text: line.slice(end + 1, end + 1 + longestLine).replace(/\r$/, '') };
}
