import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const cleanups = new Set<() => void>();
let isWatching = false;

/**
 * Registers what must happen however this process ends, a signal included. It has to be synchronous and quick.
 * @returns call it once the thing was cleaned up in the ordinary way
 */
export function onExit(cleanup: () => void): () => void {
  watchExit();
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
  };
}

function watchExit(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const cleanup of cleanups) cleanup();
  });
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(codes[signal]));
  }
}

/**
 * Ends every process whose command line or, on Linux, environment names `folder`: ours, because the folder's name is
 * unique to one run.
 * @returns the command lines that were still running
 */
export function endProcessesNaming(folder: string): string[] {
  const found = running().filter(({ pid, text, more }) => pid !== process.pid && (text + more).includes(folder));
  for (const { pid } of found) signalQuietly(pid, 'SIGKILL');
  return found.map(({ text }) => text);
}

/** Signals a process, or with a negative id a process group; one that is gone already is no error. */
export function signalQuietly(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

interface Running {
  readonly pid: number;
  /** The command line. */
  readonly text: string;
  /** What else tells whose it is. */
  readonly more: string;
}

function running(): Running[] {
  if (process.platform === 'win32') return [];
  return process.platform === 'linux' ? runningOnLinux() : runningByPs();
}

function runningOnLinux(): Running[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    try {
      const read = (file: string): string => readFileSync(`/proc/${name}/${file}`, 'utf8').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), text: read('cmdline'), more: read('environ') }];
    } catch {
      return [];
    }
  });
}

function runningByPs(): Running[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => ({ pid: Number.parseInt(line, 10), text: line.trim().replace(/^\d+\s+/, ''), more: '' }));
}
