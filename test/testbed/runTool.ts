import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Also show what the program writes, while it runs. */
  readonly show?: boolean;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program at the lowest priority and resolves with its standard output.
 * Programs written for Node run on the Node that runs this.
 * @throws Error with the end of what the program wrote, when it fails or is not installed
 */
export function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: toolEnvironment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    lowerPriority(child.pid);
    let stdout = '';
    let all = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      all += chunk.toString();
      if (options.show) process.stdout.write(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      all += chunk.toString();
      if (options.show) process.stderr.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${String(code)}:\n${all.slice(-4000).trim()}`));
    });
  });
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It ended already, or the system does not let us: it is only a courtesy.
  }
}

/** The environment without what `npm run` put there: it describes this package, not the one that is being installed. */
function toolEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own = Object.entries(env).filter(([name]) => !/^npm_(package|lifecycle|config_(local_)?prefix)/.test(name));
  return { ...Object.fromEntries(own), PATH: `${path.dirname(process.execPath)}${path.delimiter}${env['PATH'] ?? ''}` };
}
