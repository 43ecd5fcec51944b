import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** One line that says what the figures were measured on. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${process.platform}-${process.arch}, ${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** How busy the machine is, whoever keeps it busy. */
export function load(): string {
  return `load ${loadavg().map((one) => one.toFixed(1)).join(' ')} on ${availableParallelism()} cores`;
}

/** The environment of a person's shell: byte-code is written, so that a library is compiled once. */
export function plainEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(PYTHON|npm_|NODE_OPTIONS$|VIRTUAL_ENV$|UV_)/.test(name));
  return { ...Object.fromEntries(own), ...extra };
}
