import { UserError } from '../../core/errors';
import { streamLines, type LineProcessEnd } from '../process/streamLines';

/** The request that `train.py` reads; paths are absolute. */
export interface TrainRequest {
  readonly notebook: string;
  readonly workdir: string;
  readonly sysPath: readonly string[];
  readonly python: string;
  readonly support: string;
  readonly artifact: string;
  readonly executed: string;
  readonly mode: 'full' | 'definitions';
  /** Folder of a training whose state is used again where the edit provably left it as it is. */
  readonly previous: string | null;
  readonly entry: { readonly predict: string; readonly load: string };
  readonly parameters: Readonly<Record<string, unknown>> | null;
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values must stay out of everything that is written. */
  readonly secretNames: readonly string[];
  /** A short folder for the kernel's sockets. */
  readonly connectionDir: string;
  readonly cellTimeoutSeconds: number | null;
}

/** One line of `train.py`. */
export type TrainEvent =
  | { readonly event: 'started'; readonly cells: number }
  | {
      readonly event: 'cell';
      readonly index: number;
      readonly id: string;
      readonly state: 'running' | 'done' | 'skipped' | 'failed';
      readonly ms?: number;
      readonly firstLine?: string;
    }
  /** Whether the state of the training before is used; `why` tells why not. */
  | { readonly event: 'resumed'; readonly why?: string }
  | { readonly event: 'output'; readonly index: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly event: 'pip'; readonly index: number; readonly requirement: string; readonly line: number }
  | {
      readonly event: 'missing';
      readonly module: string;
      readonly distribution?: string;
      readonly optional: boolean;
      readonly message: string;
    }
  | {
      readonly event: 'finding';
      readonly code: string;
      readonly module?: string;
      readonly file?: string;
      readonly message?: string;
    }
  | {
      readonly event: 'inputs';
      readonly files: readonly { readonly path: string; readonly outside: boolean }[];
      readonly network: readonly string[];
      readonly written: readonly string[];
    }
  | { readonly event: 'hubs'; readonly items: readonly HubItem[] }
  | TrainFailure
  | { readonly event: 'done'; readonly artifact: ArtifactManifest };

/** What was used of a hub: files of its client's cache. */
export interface HubItem {
  readonly hub: 'huggingface' | 'torch' | 'nltk';
  readonly name: string;
  readonly revision: string | null;
  readonly files: readonly {
    /** Where the client looks for it, relative to the hub's folder. */
    readonly path: string;
    /** The file itself. Absolute. */
    readonly source: string;
  }[];
}

export interface TrainFailure {
  readonly event: 'failed';
  readonly code: string;
  readonly message: string;
  readonly index?: number;
  readonly id?: string;
  readonly line?: number;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
  readonly variable?: string;
}

/** `artifact.json`: what a snapshot holds. */
export interface ArtifactManifest {
  readonly schema: 1;
  readonly python: string;
  readonly platform: string;
  readonly callables: readonly string[];
  readonly example: { readonly source: string; readonly type: string; readonly invocation: unknown } | null;
  readonly libraries: Readonly<Record<string, string>>;
  readonly memoryPeakBytes: number | null;
}

/**
 * Executes a notebook and yields what happens. Aborting ends kernel and runner within two seconds and leaves no artifact.
 * @throws UserError TrainerFailed when the runner itself ends without a word
 */
export async function* runTrainer(
  runner: { readonly python: string; readonly script: string },
  request: TrainRequest,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): AsyncGenerator<TrainEvent> {
  const options = { firstLine: JSON.stringify(request), cwd: request.workdir, env };
  const lines = streamLines(runner.python, ['-u', runner.script], options, signal);
  let ended = false;
  try {
    let next = await lines.next();
    while (next.done !== true) {
      const event = JSON.parse(next.value) as TrainEvent;
      ended ||= event.event === 'done' || event.event === 'failed';
      yield event;
      next = await lines.next();
    }
    if (!ended) throw endedSilently(next.value);
  } finally {
    await lines.return({ exitCode: 0, stderr: '' });
  }
}

function endedSilently(end: LineProcessEnd): UserError {
  return new UserError(
    'TrainerFailed',
    `The notebook runner ended with code ${String(end.exitCode)} and told no reason.`,
    {
      remedy: { kind: 'hint', label: 'Its last words are in the log. Please report them.' },
      details: { stderr: end.stderr },
    },
  );
}
