import { spawn, type ChildProcess } from 'node:child_process';
import { UserError } from '../../core/errors';
import { lineSplitter } from './lines';
import { endProcessTree } from './processTree';

export interface ProcessOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly cwd?: string;
  /** The whole environment; by default that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Called with each line of standard error while the program runs. */
  readonly onStderrLine?: (line: string) => void;
}

export interface ProcessResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a program to its end and collects what it wrote. A non-zero exit is a result, not an error.
 * Aborting ends the program and its children.
 * @throws UserError ProgramNotFound, ProgramTimedOut
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
  signal: AbortSignal,
): Promise<ProcessResult> {
  signal.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const lines = lineSplitter((line) => options.onStderrLine?.(line));
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    lines.push(chunk.toString('utf8'));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const exitCode = await exitOf(child, command, options.timeoutMs, signal);
  lines.flush();
  return { stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8'), exitCode };
}

async function exitOf(
  child: ChildProcess,
  command: string,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const stop = deadline === undefined ? signal : AbortSignal.any([signal, deadline]);
  const end = (): void => {
    endProcessTree(child);
  };
  stop.addEventListener('abort', end, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        reject(programNotFound(command, cause));
      });
      child.once('close', (exit, killedBy) => {
        resolve(exit ?? (killedBy === null ? 1 : 128));
      });
    });
    signal.throwIfAborted();
    if (deadline?.aborted === true) throw programTimedOut(command, timeoutMs ?? 0);
    return code;
  } finally {
    stop.removeEventListener('abort', end);
  }
}

export function programNotFound(command: string, cause: Error): UserError {
  return new UserError('ProgramNotFound', `The program ${command} could not be started: ${cause.message}.`, { cause });
}

export function programTimedOut(command: string, timeoutMs: number): UserError {
  return new UserError(
    'ProgramTimedOut',
    `The program ${command} did not finish within ${String(timeoutMs / 1000)} s and was ended.`,
  );
}
