import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { aborted } from '../../core/aborted';
import { endProcessTree } from './processTree';
import { programNotFound, programTimedOut } from './runProcess';

/** What a program had to say to a request. */
export type Said =
  { readonly kind: 'line'; readonly line: string } | { readonly kind: 'ended'; readonly stderr: string };

export interface CoprocessOptions {
  /** How long one request may take. */
  readonly timeoutMs: number;
  /** How long the program waits for the next request; five minutes by default. */
  readonly idleMs?: number;
}

const usualIdleMs = 5 * 60_000;
const newline = 10;

/**
 * A program that answers each line of its input with one line, and ends where its input does. It is kept for the next
 * request, since its start may take longer than its answer, and ends when nobody asked it for a while, or with this
 * process, which it does not keep alive. Requests at the same time get a program each.
 */
export class Coprocess {
  readonly command: string;
  readonly #args: readonly string[];
  readonly #options: CoprocessOptions;
  #kept: Program | undefined;

  constructor(command: string, args: readonly string[], options: CoprocessOptions) {
    this.command = command;
    this.#args = args;
    this.#options = options;
  }

  /**
   * What the program answers to a line. Aborting ends it.
   * @throws UserError ProgramNotFound, ProgramTimedOut
   */
  async ask(line: string, signal: AbortSignal): Promise<Said> {
    signal.throwIfAborted();
    const kept = this.#take();
    const said = kept === undefined ? undefined : await this.#ask(kept, line, signal);
    // It may have been ended, or its files been replaced, since it was asked last.
    if (said?.kind === 'line') return said;
    return this.#ask(new Program(this.command, this.#args), line, signal);
  }

  /** Ends the program that waits for a request. */
  close(): void {
    this.#take()?.end();
  }

  #take(): Program | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept;
  }

  async #ask(program: Program, line: string, signal: AbortSignal): Promise<Said> {
    const deadline = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const said = await program.ask(line, AbortSignal.any([signal, deadline]));
      if (said.kind === 'line') this.#keep(program);
      return said;
    } catch (error) {
      program.end();
      signal.throwIfAborted();
      throw deadline.aborted ? programTimedOut(this.command, this.#options.timeoutMs) : error;
    }
  }

  #keep(program: Program): void {
    this.#kept?.end();
    this.#kept = program;
    program.rest(this.#options.idleMs ?? usualIdleMs);
  }
}

class Program {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #command: string;
  #stderr = '';
  #idle: NodeJS.Timeout | undefined;

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#child = spawn(command, args, { detached: process.platform !== 'win32', windowsHide: true });
    this.#child.on('error', () => undefined);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-8192);
    });
  }

  async ask(line: string, signal: AbortSignal): Promise<Said> {
    clearTimeout(this.#idle);
    this.#holdProcess(true);
    const over = new AbortController();
    try {
      const answer = this.#readLine(over.signal);
      this.#child.stdin.write(`${line}\n`);
      return await Promise.race([answer, this.#end(over.signal), aborted(signal, over.signal)]);
    } finally {
      over.abort();
    }
  }

  /** Waits for the next request without keeping this process alive. */
  rest(idleMs: number): void {
    this.#holdProcess(false);
    this.#idle = setTimeout(() => {
      this.end();
    }, idleMs).unref();
  }

  end(): void {
    clearTimeout(this.#idle);
    this.#child.stdin.end();
    endProcessTree(this.#child);
  }

  #readLine(over: AbortSignal): Promise<Said> {
    const chunks: Buffer[] = [];
    return new Promise((resolve) => {
      const take = (chunk: Buffer): void => {
        chunks.push(chunk);
        if (chunk.at(-1) === newline) resolve({ kind: 'line', line: Buffer.concat(chunks).toString('utf8') });
      };
      this.#child.stdout.on('data', take);
      over.addEventListener('abort', () => this.#child.stdout.off('data', take), { once: true });
    });
  }

  async #end(over: AbortSignal): Promise<Said> {
    try {
      // One that has ended already does not say so again.
      if (this.#child.exitCode === null && this.#child.signalCode === null)
        await once(this.#child, 'close', { signal: over });
      return { kind: 'ended', stderr: this.#stderr };
    } catch (cause) {
      over.throwIfAborted();
      throw programNotFound(this.#command, cause as Error);
    }
  }

  #holdProcess(isHeld: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const one of [this.#child, ...([stdin, stdout, stderr] as unknown as Socket[])])
      if (isHeld) one.ref();
      else one.unref();
  }
}
