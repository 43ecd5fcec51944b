import { setTimeout as delay } from 'node:timers/promises';
import { isUserError } from '../../core/errors';
import type { KubeClient } from './client';

/** How often a server is asked whether it is still there, and how long it may take. */
const everyMs = 4000;

interface Beat {
  readonly stopped: AbortController;
  broken: AbortController;
  holders: number;
}

const beats = new WeakMap<KubeClient, Beat>();

/**
 * Follows a stream while the server answers small questions beside it. A stream whose network is gone says nothing, just
 * as one without news: with the first question that stays without answer, all streams of the client are broken off.
 * @throws the error of the question
 */
export async function* withHeartbeat<T>(
  client: KubeClient,
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const beat = beats.get(client) ?? start(client);
  beat.holders++;
  const broken = beat.broken.signal;
  try {
    yield* open(AbortSignal.any([signal, broken]));
  } finally {
    beat.holders--;
    if (beat.holders === 0) {
      beats.delete(client);
      beat.stopped.abort();
    }
  }
}

function start(client: KubeClient): Beat {
  const beat: Beat = { stopped: new AbortController(), broken: new AbortController(), holders: 0 };
  beats.set(client, beat);
  void run(client, beat).catch(() => undefined);
  return beat;
}

async function run(client: KubeClient, beat: Beat): Promise<void> {
  const { signal } = beat.stopped;
  for (;;) {
    // At once: a connection that is as old as those of the streams is cut off with them.
    try {
      await client.text({ what: 'see whether it is there', path: '/version', silenceMs: everyMs }, signal);
    } catch (error) {
      if (signal.aborted) return;
      // A refusal is an answer, too.
      if (isUserError(error) && /Unreachable|Certificate/.test(error.code)) {
        client.renewConnections();
        beat.broken.abort(error);
        beat.broken = new AbortController();
      }
    }
    await delay(everyMs, undefined, { signal, ref: false });
  }
}
