import { modelFrom, listModels, stoppedModel } from './modelFolder';
import { asInProgress, reserveModel, rollOut } from './reservation';
import { connectSupervisor, ensureSupervisor, unlessItEnds } from './supervisor';
import { readLogs } from './logs';
import { removeStopped } from './removeStopped';
import { watchModels } from './watchModels';
import { UserError } from '../../core/errors';
import { homeAt, type Home } from '../../core/home';
import type { DeployedModel } from '../../core/deployment';
import type { BundleTarget, TargetContext } from '../../core/target';

/** Models as supervised processes of this machine. Nothing is started before a model is deployed or started. */
export function localTarget(context: TargetContext): BundleTarget {
  const home = homeAt(context.home);
  const change = async (
    name: string,
    op: string,
    fields: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown> => {
    await mustExist(home, name);
    const connection = await ensureSupervisor(home, name, context, undefined, signal);
    try {
      return await connection.request(op, fields, signal);
    } catch (error) {
      throw asInProgress(name, error);
    } finally {
      connection.close();
    }
  };
  return {
    id: 'local',
    displayName: 'This Machine',
    accepts: 'bundle',
    models: (signal) => snapshot(home, context.program, signal),
    watchModels: (signal) => watchModels(home, context.program, signal),
    reserve: (name, signal) => reserveModel(home, name, context, signal),
    logs: (name, options, signal) => readLogs(home, name, options, signal),
    remove: async (name, signal) => {
      await mustExist(home, name);
      const connection = await connectSupervisor(home, name, context.program, signal);
      if (connection === undefined) {
        await removeStopped(home, name, signal);
        return;
      }
      try {
        await connection.request('remove', {}, signal);
      } catch (error) {
        throw asInProgress(name, error);
      } finally {
        connection.close();
      }
    },
    scale: async (name, replicas, signal) => {
      await change(name, 'scale', { replicas }, signal);
    },
    rollback: async (name, version, signal) => {
      await mustExist(home, name);
      const connection = await ensureSupervisor(home, name, context, undefined, signal);
      try {
        return modelFrom(
          await rollOut(name, () => connection.request('rollback', version === undefined ? {} : { version }, signal)),
        );
      } finally {
        connection.close();
      }
    },
    stop: async (name, signal) => {
      await change(name, 'stop', {}, signal);
    },
    start: async (name, secrets, signal) => {
      await rollOut(name, () => change(name, 'start', { secrets }, signal));
    },
  };
}

async function snapshot(home: Home, program: string, signal: AbortSignal): Promise<readonly DeployedModel[]> {
  const names = await listModels(home);
  const models = await Promise.all(names.map((name) => describe(home, name, program, signal)));
  return models.filter((model) => model !== undefined);
}

async function describe(
  home: Home,
  name: string,
  program: string,
  signal: AbortSignal,
): Promise<DeployedModel | undefined> {
  const connection = await connectSupervisor(home, name, program, signal);
  if (connection === undefined) return stoppedModel(home, name);
  try {
    const state = await unlessItEnds(connection.request('status', {}, signal));
    return state === undefined ? await stoppedModel(home, name) : modelFrom(state);
  } finally {
    connection.close();
  }
}

async function mustExist(home: Home, name: string): Promise<void> {
  const names = await listModels(home);
  if (names.includes(name)) return;
  const known = names.length === 0 ? 'There are no models yet.' : `Known models: ${names.join(', ')}.`;
  throw new UserError('ModelNotFound', `There is no model named ${name} on this machine. ${known}`, {
    remedy: { kind: 'runCommand', label: 'Deploy Model', command: 'slipway.deployModel' },
  });
}
