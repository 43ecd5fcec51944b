import { UserError } from '../../core/errors';
import type { DeployedModel } from '../../core/deployment';
import type { ImageTarget, TargetContext } from '../../core/target';
import { deployRelease, rollBack, type Subject } from './deploy';
import { forwardModel } from './forward';
import { takeLease, withLease } from './lease';
import { readLogs } from './logs';
import { ofModel, ours } from './names';
import { kindPrefix, openPlace, type Place } from './place';
import { checkPlace } from './preflight';
import { removeModel } from './remove';
import { changeScale, startModel, stopModel } from './scale';
import { readSnapshot, watchSnapshots } from './snapshot';
import { findModel, modelsIn } from './state';

/**
 * Models as Deployments in a namespace of a cluster. Nothing is connected before a model is asked for.
 * @param name what stands behind `kubernetes:`
 */
export function kubernetesTarget(name: string, context: TargetContext): ImageTarget {
  const id = kindPrefix + name;
  let opened: Promise<Place> | undefined;
  const open = (): Promise<Place> => {
    opened ??= openPlace(name, context.kubeconfig).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const change = async <T>(
    model: string,
    signal: AbortSignal,
    body: (subject: Subject, abort: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const place = await open();
    await mustExist(place, model, id, signal);
    return withLease(place, model, context.program, signal, (abort) => body({ place, model, targetId: id }, abort));
  };
  return {
    id,
    displayName: name,
    accepts: 'image',
    models: async (signal) => modelsIn(await readSnapshot(await open(), ours, signal), id),
    watchModels: (signal) => watchModels(open, id, signal),
    preflight: async (model, platform, signal) => checkPlace(await open(), model, platform, signal),
    reserve: async (model, signal) => {
      const place = await open();
      const lease = await takeLease(place, model, context.program, signal);
      return {
        deploy: (request, abort) =>
          deployRelease({ place, model, targetId: id }, request, AbortSignal.any([abort, lease.lost])),
        release: lease.release,
      };
    },
    logs: (model, options, signal) => readLogs(open, model, options, signal),
    remove: (model, signal) => change(model, signal, ({ place }, abort) => removeModel(place, model, abort)),
    scale: (model, replicas, signal) =>
      change(model, signal, (subject, abort) => changeScale(subject, replicas, abort)),
    rollback: (model, version, signal) => change(model, signal, (subject, abort) => rollBack(subject, version, abort)),
    stop: (model, signal) => change(model, signal, stopModel),
    start: (model, _secrets, signal) => change(model, signal, startModel),
    forward: async (model, signal) => {
      const place = await open();
      await mustExist(place, model, id, signal);
      return forwardModel(place, model, undefined, signal);
    },
  };
}

async function* watchModels(
  open: () => Promise<Place>,
  targetId: string,
  signal: AbortSignal,
): AsyncGenerator<readonly DeployedModel[]> {
  let last = '';
  for await (const snapshot of watchSnapshots(await open(), ours, undefined, signal)) {
    const models = modelsIn(snapshot, targetId);
    const text = JSON.stringify(models);
    if (text === last) continue;
    last = text;
    yield models;
  }
}

async function mustExist(place: Place, model: string, targetId: string, signal: AbortSignal): Promise<void> {
  if (findModel(await readSnapshot(place, ofModel(model), signal), model, targetId) !== undefined) return;
  throw modelNotFound(place, model);
}

function modelNotFound({ client, namespace }: Place, model: string): UserError {
  const where = `the namespace ${namespace} of ${client.context.name}`;
  return new UserError('ModelNotFound', `There is no model named ${model} in ${where}.`, {
    remedy: { kind: 'runCommand', label: 'Deploy Model', command: 'slipway.deployModel' },
  });
}
