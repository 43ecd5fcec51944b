import { StringDecoder } from 'node:string_decoder';
import { setImmediate } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import type { KubeClient } from './client';
import { explainSilence, type KubeStatus } from './failures';
import type { KubeObject } from './objects';
import { tableAccept } from './table';

/** A list of objects that is kept up to date. */
export interface WatchedList {
  /** Completes "you are not allowed to …". */
  readonly what: string;
  /** Address of the list, see `resourcePath`. */
  readonly path: string;
  /** `fieldSelector`, `labelSelector`. */
  readonly query?: Readonly<Record<string, string>>;
  /**
   * Whether the list is short and the server shall take it from its memory, where it finds the pods of a node without
   * looking at all others. It may be a moment old; the watch that begins there makes good for it.
   * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
   */
  readonly fromMemory?: boolean;
  /** Whether the objects come without what they hold, with the columns that their kind wants shown: `TabledObject`. */
  readonly asTable?: boolean;
}

export function acceptOf({ asTable }: WatchedList): { readonly accept?: string } {
  return asTable === true ? { accept: tableAccept } : {};
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly object: KubeStatus };

/** The server ends a watch after so long; it is opened again where it ended. */
const watchSeconds = 300;
/** Servers send a bookmark about every minute: silence for longer means a connection that is dead and does not know. */
const silenceMs = 90_000;

/**
 * The changes of a list since a resource version, those of one read at a time together. Ends when the server ends it.
 * @throws UserError KubernetesUnreachable when the connection breaks, and as KubeClient.open
 */
export async function* watchStream(
  client: KubeClient,
  list: WatchedList,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  const response = await client.open(
    {
      what: list.what,
      path: list.path,
      query: {
        ...list.query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds: watchSeconds,
      },
      silenceMs,
      ...acceptOf(list),
    },
    signal,
  );
  try {
    // That the server answers is news, too.
    yield [];
    yield* parsed(response);
  } catch (error) {
    signal.throwIfAborted();
    throw explainSilence(client.context, list.what, error);
  } finally {
    response.destroy();
  }
}

async function* parsed(response: IncomingMessage): AsyncGenerator<readonly WatchEvent[]> {
  const decoder = new StringDecoder('utf8');
  let rest: string[] = [];
  for await (const chunk of response) {
    const text = decoder.write(chunk as Buffer);
    const end = text.lastIndexOf('\n');
    if (end === -1) {
      rest.push(text);
      continue;
    }
    const lines = (rest.join('') + text.slice(0, end)).split('\n');
    rest = [text.slice(end + 1)];
    yield lines.filter((line) => line !== '').map((line) => JSON.parse(line) as WatchEvent);
    // Of a storm of changes some megabytes are read before anything else has its turn, such as what is typed.
    await setImmediate();
  }
}
