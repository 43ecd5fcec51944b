import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../support/eventually';
import { requireProgram } from '../../testbed/program';

/** Time until a program showed what was asked for, and the most memory that it had. */
export interface Timed {
  readonly ms: number;
  readonly bytes: number;
}

/** Keeps k9s from what has nothing to do with the view: no pulses, no checks for a newer version, no splash. */
const quiet = ['--readonly', '--headless', '--logoless', '--splashless', '--refresh=1'];

/**
 * Starts k9s in a terminal of its own until it shows a row, then ends it. It shows none before it has read all.
 * @param view words of its command line that choose what it shows
 * @param name of what stands in one of the first rows
 */
export async function k9sShows(
  programs: string,
  { kubeconfig, folder }: { readonly kubeconfig: string; readonly folder: string },
  view: readonly string[],
  name: string,
): Promise<Timed> {
  const words = [path.join(programs, 'k9s'), `--kubeconfig=${kubeconfig}`, ...quiet, ...view].join(' ');
  const start = performance.now();
  const terminal = spawn(
    requireProgram('script'),
    ['--quiet', '--return', '--command', `stty cols 200 rows 50; exec ${words}`, '/dev/null'],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm-256color', K9S_CONFIG_DIR: path.join(folder, 'k9s') },
    },
  );
  let screen = '';
  let shownAt: number | undefined;
  terminal.stdout.on('data', (data: Buffer) => {
    screen = (screen + data.toString('latin1')).slice(-200_000);
    if (shownAt === undefined && screen.includes(name)) shownAt = performance.now();
  });
  let bytes = 0;
  const look = setInterval(() => {
    bytes = Math.max(bytes, memoryBelow(terminal.pid ?? 0));
  }, 50);
  try {
    await eventually(`k9s shows ${name}`, 300, () => shownAt !== undefined);
    return { ms: (shownAt ?? 0) - start, bytes };
  } finally {
    clearInterval(look);
    if (terminal.pid !== undefined) process.kill(-terminal.pid, 'SIGKILL');
  }
}

/** The most memory that a child of a process had; 0 when there is none. */
function memoryBelow(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const peaks = children.map((child) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1]);
    return Math.max(0, ...peaks.map((kib) => Number(kib ?? 0) * 1024));
  } catch {
    return 0;
  }
}
