import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { report } from './reporter.mjs';

/** Files below `folder` that end in `suffix`, sorted. */
export function filesIn(folder, suffix) {
  try {
    const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(suffix));
    return names.sort().map((name) => path.join(folder, name));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Runs test files of node:test, each in a process of its own that understands TypeScript.
 * @param {{ files: string[], concurrency?: number, timeoutMs: number, root: string, verbose: boolean, signal: AbortSignal, env: Record<string, string> }} options
 */
export async function runNodeTests({ files, concurrency, timeoutMs, root, verbose, signal, env }) {
  Object.assign(process.env, env);
  const events = run({
    files,
    cwd: root,
    concurrency: concurrency ?? Math.max(1, availableParallelism() - 1),
    execArgv: ['--import', import.meta.resolve('tsx')],
    timeout: timeoutMs,
    signal,
  });
  return report(events, { root, verbose, print: console.log });
}
