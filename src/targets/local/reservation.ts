import path from 'node:path';
import type { SupervisorConnection } from './connection';
import { modelFrom, reasonFrom } from './modelFolder';
import { ensureSupervisor } from './supervisor';
import { isUserError, UserError } from '../../core/errors';
import type { Home } from '../../core/home';
import type {
  BundleContent,
  ComingRelease,
  DeployRequest,
  Reservation,
  RolloutStep,
  TargetContext,
} from '../../core/target';

/** A supervisor that was ending when we found it is gone soon; this many times another one is looked for. */
const mostTries = 3;

/** Reserves a model through its supervisor, whose lock lives as long as our connection. */
export async function reserveModel(
  home: Home,
  name: string,
  context: TargetContext,
  signal: AbortSignal,
): Promise<Reservation<BundleContent>> {
  const connection = await acquire(home, name, context, mostTries, signal);
  return {
    prepare: (coming, abort) => prepareWith(connection, coming, abort),
    deploy: (request, abort) => deployWith(connection, name, request, abort),
    release: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

async function prepareWith(
  connection: SupervisorConnection,
  { runtime, workdir, env, secrets }: ComingRelease,
  signal: AbortSignal,
): Promise<void> {
  const release = { ...runtime, workdir, env, secrets: Object.keys(secrets) };
  await connection.request('prepare', { release, secrets }, signal);
}

async function acquire(
  home: Home,
  name: string,
  context: TargetContext,
  tries: number,
  signal: AbortSignal,
): Promise<SupervisorConnection> {
  const connection = await ensureSupervisor(home, name, context, undefined, signal);
  try {
    await connection.request('acquire', { purpose: 'deploy' }, signal);
    return connection;
  } catch (error) {
    connection.close();
    if (tries > 1 && isUserError(error) && error.code === 'SupervisorUnreachable')
      return acquire(home, name, context, tries - 1, signal);
    throw asInProgress(name, error);
  }
}

async function* deployWith(
  connection: SupervisorConnection,
  name: string,
  request: DeployRequest<BundleContent>,
  signal: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const { notebook, project } = request.provenance;
  const { bundle, runtime } = request.content;
  const steps: RolloutStep[] = [];
  let wake: () => void = () => undefined;
  const fields = {
    release: {
      ...request.provenance,
      bundle: bundle.folder,
      python: runtime.python,
      pythonVersion: request.provenance.python,
      support: runtime.support,
      runtime: runtime.runtime,
    },
    readyTimeoutSeconds: request.readyTimeoutSeconds,
    secrets: request.secrets,
    ...(request.replicas === undefined ? {} : { replicas: request.replicas }),
    ...(request.port === undefined ? {} : { port: request.port }),
  };
  const result = rollOut(
    name,
    () =>
      connection.request('deploy', fields, signal, (event) => {
        if (event['event'] !== 'rollout') return;
        steps.push({
          kind: 'progress',
          step: String(event['step']),
          message: String(event['message'] ?? event['step']),
        });
        wake();
      }),
    notebook === null ? undefined : path.join(project, notebook.path),
  );
  let finished = false;
  void result
    .then(
      () => undefined,
      () => undefined,
    )
    .then(() => {
      finished = true;
      wake();
    });
  while (!isDone()) {
    yield* steps.splice(0);
    if (isDone()) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  yield* steps.splice(0);
  yield { kind: 'ready', model: modelFrom(await result) };

  function isDone(): boolean {
    return finished;
  }
}

/** Runs a request that rolls out a release and explains why one did not become ready. */
export async function rollOut(name: string, request: () => Promise<unknown>, notebook?: string): Promise<unknown> {
  try {
    return await request();
  } catch (error) {
    if (!isUserError(error) || error.code !== 'RolloutFailed') throw asInProgress(name, error);
    const cause = error.details['cause'];
    const reason =
      typeof cause === 'object' && cause !== null
        ? reasonFrom(cause as Parameters<typeof reasonFrom>[0], notebook)
        : undefined;
    throw new UserError('RolloutFailed', error.message, {
      cause: error,
      ...(reason?.location === undefined ? {} : { location: reason.location }),
      remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [name] },
      details: { reason },
    });
  }
}

/** Names who holds a model that somebody else changes; any other error stays what it is. */
export function asInProgress(name: string, error: unknown): unknown {
  if (!isUserError(error) || error.code !== 'DeployInProgress') return error;
  const holder = error.details['holder'] as
    { readonly pid?: number; readonly program?: string; readonly since?: string } | undefined;
  const who =
    holder === undefined
      ? 'another process'
      : `${holder.program ?? 'a program'} (process ${String(holder.pid ?? '?')}, since ${holder.since ?? 'a moment ago'})`;
  return new UserError('DeployInProgress', `${name} is being changed by ${who}.`, {
    cause: error,
    remedy: { kind: 'hint', label: 'Wait until it is done, or cancel it there.' },
    details: { holder },
  });
}
