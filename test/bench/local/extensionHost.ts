import { execFileSync } from 'node:child_process';

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The newest extension host of the editor that runs from a folder. @throws Error when there is none */
export function extensionHost(folder: string): number {
  const all = processes();
  const inFolder = new Set(all.filter(({ command }) => command.includes(folder)).map(({ pid }) => pid));
  for (const { pid, parent } of [...all].sort((left, right) => left.pid - right.pid))
    if (inFolder.has(parent)) inFolder.add(pid);
  const hosts = all.filter(({ pid, command }) => inFolder.has(pid) && command.includes('--type=extensionHost'));
  // A window that was closed a moment ago may still have its own.
  const newest = hosts.sort((left, right) => right.pid - left.pid)[0];
  if (newest === undefined) throw new Error('The editor has no extension host.');
  return newest.pid;
}

/** Command lines of the direct children of a process. */
export function childrenOf(pid: number): readonly string[] {
  return processes()
    .filter(({ parent }) => parent === pid)
    .map(({ command }) => command);
}

function processes(): readonly Listed[] {
  const lines = execFileSync('ps', ['-axwwo', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    return parent === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command: command.join(' ') }];
  });
}
