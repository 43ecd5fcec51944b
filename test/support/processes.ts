import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface RunningProcess {
  readonly pid: number;
  /** Arguments separated by spaces. */
  readonly commandLine: string;
}

/** The processes whose command line contains a text, without this one. */
export function processesNaming(text: string): readonly RunningProcess[] {
  return runningProcesses().filter(({ pid, commandLine }) => pid !== process.pid && commandLine.includes(text));
}

export function runningProcesses(): readonly RunningProcess[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): readonly RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return commandLine === '' ? [] : [{ pid: Number(name), commandLine }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

function fromPs(): readonly RunningProcess[] {
  const lines = execFileSync('ps', ['-axwwo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const found = /^\s*(?<pid>\d+) (?<command>.*)$/.exec(line)?.groups;
    return found === undefined ? [] : [{ pid: Number(found['pid']), commandLine: found['command'] ?? '' }];
  });
}

/** The initial environment of a process of this user, `NAME=value` each; undefined where the system does not tell. */
export function environmentOf(pid: number): readonly string[] | undefined {
  return process.platform === 'linux' ? readFileSync(`/proc/${String(pid)}/environ`, 'utf8').split('\0') : undefined;
}
