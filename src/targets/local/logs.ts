import path from 'node:path';
import { ChangeSignal } from '../../clients/files/changeSignal';
import { exists } from '../../clients/files/contentStore';
import type { Home } from '../../core/home';
import type { LogLine, LogOptions } from '../../core/logs';
import { firstOfTail, SpoolReader } from './spool';

/** A reader of another process is not told of every write, so it also looks this often. */
const pollMs = 250;

/**
 * The lines of a model from its spool on disk, also while it is stopped. Sequence numbers have no gaps there, so
 * `after` resumes exactly; a jump means that the spool has dropped older lines. A model that was removed and deployed
 * again meanwhile has a new log, which is read from its start. Ends when the model is removed.
 */
export async function* readLogs(
  home: Home,
  name: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const folder = path.join(home.model(name), 'logs');
  const first =
    options.after === undefined
      ? await firstOfTail(folder, options.tail ?? Number.MAX_SAFE_INTEGER, signal)
      : options.after + 1;
  const reader = new SpoolReader(folder, first, options.after === undefined ? undefined : options.generation);
  const changes = new ChangeSignal(folder, pollMs);
  const since = options.after === undefined ? (options.since ?? '') : '';
  try {
    do {
      for await (const line of reader.read(signal)) if (line.time >= since) yield line;
      if (!options.follow) return;
      await changes.wait(signal);
    } while (await exists(home.model(name)));
  } finally {
    changes.close();
  }
}
