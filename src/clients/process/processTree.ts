import { spawn, type ChildProcess } from 'node:child_process';

/** How long a program may take to end by itself after it was asked to. */
const graceMs = 1500;

/**
 * Asks a program that was started in its own process group, and its children, to end; ends them after a short grace.
 * Safe to call more than once and after the end.
 */
export function endProcessTree(child: ChildProcess): void {
  if (child.pid === undefined || hasEnded(child)) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    return;
  }
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => {
    if (child.pid !== undefined && !hasEnded(child)) signalGroup(child.pid, 'SIGKILL');
  }, graceMs);
  child.once('close', () => {
    clearTimeout(timer);
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
