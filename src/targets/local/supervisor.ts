import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { SupervisorConnection } from './connection';
import { controlAddress } from './modelFolder';
import { placeRuntime, readRuntime } from '../../clients/python/runtimeFiles';
import { compareMinor, findInterpreters, oldestOwnPython } from '../../clients/python/interpreters';
import { runProcess } from '../../clients/process/runProcess';
import { UserError, isUserError } from '../../core/errors';
import type { Home } from '../../core/home';
import type { TargetContext } from '../../core/target';

const startDeadlineMs = 15_000;

/** Talks to the supervisor of a model that exists. @throws UserError ModelNotRunning when nobody supervises it */
export async function connectSupervisor(
  home: Home,
  name: string,
  program: string,
  signal: AbortSignal,
): Promise<SupervisorConnection | undefined> {
  const address = await controlAddress(home, name);
  if (address === undefined) return undefined;
  return unlessItEnds(SupervisorConnection.open(address, program, signal));
}

/** What a supervisor answers; undefined when it ends meanwhile, which it may do at any moment. */
export async function unlessItEnds<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isUserError(error) && error.code === 'SupervisorUnreachable') return undefined;
    throw error;
  }
}

/**
 * Talks to the supervisor of a model and starts one where none runs. It detaches itself and outlives us.
 * @throws UserError SupervisorFailed, PythonNotFound
 */
export async function ensureSupervisor(
  home: Home,
  name: string,
  context: TargetContext,
  python: string | undefined,
  signal: AbortSignal,
): Promise<SupervisorConnection> {
  const running = await connectSupervisor(home, name, context.program, signal);
  if (running !== undefined) return running;
  const runtime = await placeRuntime(home, await readRuntime(context.resources));
  const interpreter = python ?? (await anyPython(home, signal));
  const args = [path.join(runtime, 'supervisor.py'), '--home', home.root, '--model', name];
  const started = await runProcess(interpreter, args, { timeoutMs: startDeadlineMs }, signal);
  if (started.exitCode !== 0) throw supervisorFailed(name, started.stderr);
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    const connection = await connectSupervisor(home, name, context.program, signal);
    if (connection !== undefined) return connection;
    await delay(25, undefined, { signal });
  }
  throw supervisorFailed(name, started.stderr);
}

async function anyPython(home: Home, signal: AbortSignal): Promise<string> {
  const interpreters = await findInterpreters(home.tools, signal);
  const first = interpreters.find((one) => compareMinor(one.minor, oldestOwnPython) >= 0);
  if (first === undefined)
    throw new UserError(
      'PythonNotFound',
      `No Python ${oldestOwnPython} or newer was found on PATH. Slipway needs one to supervise models.`,
    );
  return first.path;
}

function supervisorFailed(name: string, stderr: string): UserError {
  return new UserError(
    'SupervisorFailed',
    `The supervisor of ${name} did not start. ${stderr.trim().split('\n').at(-1) ?? ''}`.trim(),
    {
      remedy: { kind: 'hint', label: 'Its log is supervisor.log in the folder of the model.' },
      details: { stderr },
    },
  );
}
