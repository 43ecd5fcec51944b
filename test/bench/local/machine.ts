import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** One line that says what the figures were measured on. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${process.platform}-${process.arch}, ${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** How busy the machine is, whoever keeps it busy. */
export function load(): string {
  return `load ${loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')} on ${availableParallelism()} cores`;
}

/** The environment of a person's shell: byte-code is written, so that a library is compiled once. */
export function plainEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(PYTHON|npm_|NODE_OPTIONS$|VIRTUAL_ENV$|CONDA_PREFIX$|UV_)/.test(name),
  );
  return { ...Object.fromEntries(own), ...extra };
}

/** The clock ticks of Linux in a second: USER_HZ, the same on all platforms that Node runs on. */
const ticksPerSecond = 100;

/** Milliseconds of processor time that a process has used with all its threads; NaN where the system does not tell. */
export function processorTime(pid: number): number {
  if (process.platform !== 'linux') return NaN;
  // The name of the program, in parentheses, may hold anything; utime and stime are fields 14 and 15 (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}
