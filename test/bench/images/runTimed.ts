import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Timed {
  readonly ms: number;
  readonly stdout: string;
  /** The most memory that the program itself has held, without those that it started. Bytes. */
  readonly peak: number;
}

/** Runs a program as a person does, at ordinary priority. @throws Error with the end of what it wrote */
export function runTimed(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd = '/',
): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let all = '';
    let peak = 0;
    const look = setInterval(() => {
      peak = Math.max(peak, highWater(child.pid));
    }, 50);
    const take = (chunk: Buffer): void => {
      all = (all + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      take(chunk);
    });
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(look);
      if (code === 0) resolve({ ms: performance.now() - started, stdout, peak });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${String(code)}:\n${all.trim()}`));
    });
  });
}

/** `VmHWM` of proc(5). */
function highWater(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
