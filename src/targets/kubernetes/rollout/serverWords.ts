import { readPodLog } from '../../../clients/kubernetes/podLog';
import { container } from '../names';
import type { Pod } from '../objects';
import type { Place } from '../place';

/** What Slipway's server says of its own way (`slipway_worker/main.py`), in seconds. */
export interface ServerWords {
  /** From the begin of its process until the user's libraries and model are loaded. */
  readonly starting: number | undefined;
  /** From then on until it answers. */
  readonly loading: number | undefined;
}

const words = /^slipway: (?<stage>starting|loading) took (?<seconds>\d{1,7}\.\d\d) s\b/;
/** A model that says more than this while it loads hides how long its server took to start. */
const tailLines = 200;
const patienceMs = 2000;

/** What the lines of a log tell; undefined where there are none, so that it has not begun to load. */
export function wordsIn(lines: readonly string[]): ServerWords | undefined {
  if (lines.length === 0) return undefined;
  const told = new Map<string, number>();
  for (const line of lines) {
    const { stage = '', seconds = '' } = words.exec(line)?.groups ?? {};
    if (stage !== '') told.set(stage, Number(seconds));
  }
  return { starting: told.get('starting'), loading: told.get('loading') };
}

const silent: ServerWords = { starting: undefined, loading: undefined };

/** Reads what the server in a pod has said until now. Where the log cannot be read, it counts as loading. */
export async function readWords(
  { client, namespace }: Place,
  pod: Pod,
  signal: AbortSignal,
): Promise<ServerWords | undefined> {
  const request = { namespace, pod: pod.metadata.name, container, follow: false, tailLines };
  const lines: string[] = [];
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    for await (const read of readPodLog(client, request, patience)) lines.push(...read.map(({ text }) => text));
    return wordsIn(lines);
  } catch {
    signal.throwIfAborted();
    return silent;
  }
}

/** Tells which containers run and have not begun to load. What has is not asked again. */
export class Starts {
  readonly #place: Place;
  readonly #tells: boolean;
  readonly #over = new Set<string>();

  /** @param tells whether it is Slipway's server that runs: of others nothing is known */
  constructor(place: Place, tells: boolean) {
    this.#place = place;
    this.#tells = tells;
  }

  /** Whether the container of a pod is one of these. */
  async has(pod: Pod, signal: AbortSignal): Promise<boolean> {
    const { containerID = '', state } = pod.status?.containerStatuses?.[0] ?? {};
    if (!this.#tells || state?.running === undefined || this.#over.has(containerID)) return false;
    if ((await readWords(this.#place, pod, signal)) === undefined) return true;
    this.#over.add(containerID);
    return false;
  }
}
