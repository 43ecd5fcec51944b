import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from './workspace';

const chosen = process.env['SLIPWAY_CLI'];

/** `dist/cli.js` of this checkout, or the one that `SLIPWAY_CLI` names, of an unpacked VSIX for instance. */
export const cliProgram = chosen === undefined ? path.join(repository, 'dist', 'cli.js') : path.resolve(chosen);

export interface CliResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The objects of the lines of standard output. @throws SyntaxError when a line is no JSON */
  readonly json: readonly JsonObject[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of standard output while it runs. */
  readonly onLine?: (line: string, interrupt: () => void) => void;
  readonly timeoutMs?: number;
}

/** Builds `dist/cli.js` when it is missing or older than a source. */
export async function buildCli(): Promise<void> {
  if (chosen !== undefined) return;
  const built = existsSync(cliProgram) ? (await stat(cliProgram)).mtimeMs : 0;
  const sources = await readdir(path.join(repository, 'src'), { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    sources.filter((one) => one.isFile()).map(async (one) => (await stat(path.join(one.parentPath, one.name))).mtimeMs),
  );
  if (Math.max(...times) > built) await promisify(execFile)(process.execPath, ['esbuild.mjs'], { cwd: repository });
}

/** Runs `slipway` as a program does: no terminal, standard input closed. */
export function slipway(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cliProgram, ...args], {
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 120_000,
    });
    let stdout = '';
    let stderr = '';
    let rest = '';
    let isInterrupted = false;
    // Once: a second signal while the program ends kills it, and then it has no exit code of its own.
    const interrupt = (): void => {
      if (!isInterrupted) child.kill('SIGINT');
      isInterrupted = true;
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
      rest += chunk.toString('utf8');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line, interrupt);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({
        exitCode,
        stdout,
        stderr,
        get json() {
          return stdout
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as JsonObject);
        },
      });
    });
  });
}

/** The error in the last line of a `--json` run. */
export function errorOf(result: CliResult): {
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
} {
  const last = result.json.at(-1);
  const error = last?.['event'] === 'failed' ? last['error'] : undefined;
  return typeof error === 'object' && error !== null ? error : {};
}
