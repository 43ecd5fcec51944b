import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { isUserError, UserError } from '../../core/errors';
import type { EngineMessage } from './buildLog';
import type { DockerEngine } from './connect';

/** The lines of JSON that an engine answers a build, a pull or a push with. Rejects when the connection is cut. */
export async function* readMessages(answer: NodeJS.ReadableStream): AsyncGenerator<EngineMessage> {
  const stream = Readable.from(answer, { objectMode: false });
  // A line reader takes a stream that was cut for one that has ended.
  const cut = new Promise<never>((_, reject) => stream.once('error', reject));
  cut.catch(() => undefined);
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  const iterator = lines[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), cut]);
      if (next.done === true) break;
      if (next.value !== '') yield JSON.parse(next.value) as EngineMessage;
    }
    if (stream.errored !== null) throw stream.errored;
  } finally {
    lines.close();
    stream.destroy();
  }
}

/** The engine went away, or refused what it was asked. */
export function connectionLost({ context }: DockerEngine, when: string, cause: unknown): unknown {
  if (isUserError(cause)) return cause;
  if (cause instanceof Error && 'statusCode' in cause && typeof cause.statusCode === 'number')
    return engineRefused(cause, when);
  const why = cause instanceof Error ? `: ${cause.message.trim()}` : '';
  return new UserError(
    'EngineConnectionLost',
    `The connection to the Docker engine at ${context.host} was lost ${when}${why}.`,
    {
      cause,
      remedy: { kind: 'hint', label: 'Check that the engine runs and has space left, then try again.' },
    },
  );
}

function engineRefused(cause: Error, when: string): UserError {
  const said = 'json' in cause && typeof cause.json === 'object' && cause.json !== null ? cause.json : {};
  const words = 'message' in said ? String(said.message) : cause.message.trim();
  return new UserError('EngineRefused', `The Docker engine refused ${when}: ${words}.`, {
    cause,
    remedy: { kind: 'hint', label: "Look into the engine's log. A newer engine may help." },
  });
}
