import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
import { aborted } from '../../core/aborted';
import { UserError, type Remedy } from '../../core/errors';

/** An error on its way between threads, which would lose its code. */
interface Failure {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly remedy: Remedy | undefined;
}

type Answer =
  { readonly kind: 'done'; readonly result: unknown } | { readonly kind: 'failed'; readonly error: Failure };

/** Little of what passes through a thread lives long; by itself a young heap takes 48 MB before it is looked through. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/** Threads that run one program, each on one request at a time. They are started when they are needed. */
export class Threads<Request, Result> {
  readonly #program: string;
  readonly #queue: PQueue;
  readonly #idle: Worker[] = [];

  /** @param program file of a script that calls {@link serveRequests} */
  constructor(program: string, most: number) {
    this.#program = program;
    this.#queue = new PQueue({ concurrency: most });
  }

  /**
   * What the program makes of a request. An abort ends its thread.
   * @param effort requests that take longer are begun first, so that none of them is left for the end alone
   * @throws what the program throws
   */
  run(request: Request, effort: number, signal: AbortSignal): Promise<Result> {
    return this.#queue.add(() => this.#run(request, signal), { priority: effort });
  }

  async #run(request: Request, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    const worker = this.#idle.pop() ?? new Worker(this.#program, { resourceLimits });
    try {
      const answer = await ask(worker, request, signal);
      this.#idle.push(worker);
      if (answer.kind === 'failed') throw revive(answer.error);
      return answer.result as Result;
    } catch (error) {
      if (!this.#idle.includes(worker)) await worker.terminate();
      throw error;
    }
  }

  /** Ends the threads; none may be at work. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }
}

/** The other side: answers each request that {@link Threads} sends to this thread. */
export function serveRequests(handle: (request: unknown) => Promise<unknown>): void {
  const port = parentPort;
  port?.on('message', (request: unknown) => {
    void handle(request).then(
      (result) => {
        port.postMessage({ kind: 'done', result } satisfies Answer);
      },
      (error: unknown) => {
        port.postMessage({ kind: 'failed', error: describe(error) } satisfies Answer);
      },
    );
  });
}

function ask(worker: Worker, request: unknown, signal: AbortSignal): Promise<Answer> {
  const over = new AbortController();
  const heard = (event: string): Promise<readonly unknown[]> => once(worker, event, { signal: over.signal });
  worker.postMessage(request);
  return Promise.race([
    // `once` rejects by itself when the thread fails.
    heard('message').then(([answer]) => answer as Answer),
    heard('exit').then(([code]) => Promise.reject(new Error(`A thread ended with ${String(code)} at its work.`))),
    aborted(signal, over.signal),
  ]).finally(() => {
    over.abort();
  });
}

function describe(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', code: undefined, message: String(error), remedy: undefined };
  const { code, remedy } = error as { readonly code?: string; readonly remedy?: Remedy };
  return { name: error.name, code, message: error.message, remedy };
}

function revive({ name, code, message, remedy }: Failure): Error {
  if (name === 'UserError' && code !== undefined) return new UserError(code, message, { remedy });
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
