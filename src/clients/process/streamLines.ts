import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endProcessTree } from './processTree';
import { programNotFound } from './runProcess';

export interface LineProcessOptions {
  /** Written to standard input as the first line; the stream then stays open, and its end tells the program that we are gone. */
  readonly firstLine: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface LineProcessEnd {
  readonly exitCode: number;
  /** The last 8 kB of standard error. */
  readonly stderr: string;
}

/**
 * Runs a program and yields each line of its standard output; returns how it ended.
 * Aborting, or leaving the loop early, ends the program and its children.
 * @throws UserError ProgramNotFound
 */
export async function* streamLines(
  command: string,
  args: readonly string[],
  options: LineProcessOptions,
  signal: AbortSignal,
): AsyncGenerator<string, LineProcessEnd> {
  signal.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(programNotFound(command, cause));
    });
  });
  failed.catch(() => undefined);
  const closed = new Promise<number>((resolve) => {
    child.once('close', (exit) => {
      resolve(exit ?? 128);
    });
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-8192);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${options.firstLine}\n`);
  const end = (): void => {
    endProcessTree(child);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    const lines = createInterface({ input: child.stdout, crlfDelay: Infinity });
    yield* lines;
    const exitCode = await Promise.race([closed, failed]);
    signal.throwIfAborted();
    return { exitCode, stderr };
  } finally {
    signal.removeEventListener('abort', end);
    child.stdin.end();
    if (child.pid !== undefined) {
      end();
      await closed;
    }
  }
}
