import { homeAt } from '../../core/home';
import type { ImageTarget, TargetContext } from '../../core/target';
import type { Subject } from './subject';
import type * as Operations from './operations';
import { forgetTarget, rememberTarget } from './used';

export const kindPrefix = 'kubernetes:';

/**
 * Models as Deployments in a namespace of a cluster. Nothing is connected, and the SDK is not loaded, before a model is
 * asked for.
 * @param name what stands behind `kubernetes:`
 * @param clusterName of its context, where that is known
 */
export function kubernetesTarget(name: string, context: TargetContext, clusterName?: string): ImageTarget {
  const id = kindPrefix + name;
  const { program, takeOver } = context;
  const home = homeAt(context.home);
  const open = opener(name, context);
  const change = async <T>(
    model: string,
    signal: AbortSignal,
    body: (opened: Opened & { readonly subject: Subject }, abort: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const opened = await open();
    const subject = opened.operations.asking({ place: opened.place, model, targetId: id }, takeOver);
    return opened.operations.changeModel(subject, program, signal, (abort) => body({ ...opened, subject }, abort));
  };
  return {
    id,
    displayName: name,
    accepts: 'image',
    ...(clusterName === undefined ? {} : { namespaces: namespacesOf(clusterName, context, open) }),
    models: async (signal) => {
      const { operations, place } = await open();
      return operations.readModels(place, id, signal);
    },
    addressed: async (models, signal) => {
      const { operations, place } = await open();
      return operations.readAddresses(place, models, signal);
    },
    watchModels: async function* (signal) {
      const { operations, place } = await open();
      yield* operations.watchModels(place, id, signal);
    },
    preflight: async (intent, signal) => {
      const { operations, place } = await open();
      return operations.checkPlace(place, intent, signal);
    },
    checkAutoscale: async (autoscale, signal) => {
      const { operations, place } = await open();
      await operations.checkMetric(place, autoscale, signal);
    },
    reserve: async (model, signal) => {
      const { operations, place } = await open();
      const subject = operations.asking({ place, model, targetId: id }, takeOver);
      const reservation = await operations.reserveModel(subject, program, signal);
      await rememberTarget(home, id);
      return reservation;
    },
    render: async (model, request) => {
      const { operations, place } = await open();
      return operations.renderRequest({ place, model, targetId: id }, request);
    },
    changes: async (model, request, signal) => {
      const { operations, place } = await open();
      return operations.changesOf(operations.asking({ place, model, targetId: id }, takeOver), request, signal);
    },
    manifests: async (model, signal) => {
      const { operations, place } = await open();
      return operations.exportModel({ place, model, targetId: id }, signal);
    },
    logs: async function* (model, options, signal) {
      const { operations, place } = await open();
      yield* operations.readLogs(place, model, options, signal);
    },
    remove: async (model, signal) => {
      await change(model, signal, ({ operations, place }, abort) => operations.removeModel(place, model, abort));
      const { operations, place } = await open();
      if ((await operations.readModels(place, id, signal)).length === 0) await forgetTarget(home, id);
    },
    scale: (model, replicas, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.changeScale(subject, replicas, abort)),
    autoscale: (model, autoscale, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.changeAutoscale(subject, autoscale, abort)),
    rollback: (model, version, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.rollBack(subject, version, abort)),
    restart: (model, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.restartModel(subject, abort)),
    stop: (model, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.stopModel(subject, abort)),
    start: (model, _secrets, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.startModel(subject, abort)),
    readRelease: async (model, version, signal) => {
      const { operations, place } = await open();
      return operations.readRelease(place, model, version, signal);
    },
    pullSecrets: async (registry, signal) => {
      const { operations, place } = await open();
      return operations.fittingSecrets(place, registry, signal);
    },
    createPullSecret: async (registry, credential, signal) => {
      const { operations, place } = await open();
      return operations.createPullSecret(place, registry, credential, signal);
    },
    leftovers: async (signal) => {
      const { operations, place } = await open();
      return operations.readLeftovers(place, signal);
    },
    cleanUp: async (model, signal) => {
      const { operations, place } = await open();
      await operations.cleanUp(operations.asking({ place, model, targetId: id }, takeOver), program, signal);
    },
    key: async (model, signal) => {
      const { operations, place } = await open();
      await operations.mustExist({ place, model, targetId: id }, signal);
      return operations.readKey(place, model, signal);
    },
    rotateKey: (model, signal) =>
      change(model, signal, ({ operations, subject }, abort) => operations.rotateKey(subject, abort)),
    forward: async (model, signal) => {
      const { operations, place } = await open();
      await operations.mustExist({ place, model, targetId: id }, signal);
      return operations.forwardModel(place, model, undefined, signal);
    },
    holdForward: async function* (model, local, signal) {
      const { operations, place } = await open();
      await operations.mustExist({ place, model, targetId: id }, signal);
      yield* operations.holdForward(place, model, local, signal);
    },
  };
}

interface Opened {
  readonly operations: typeof Operations;
  readonly place: Subject['place'];
}

function namespacesOf(
  cluster: string,
  context: TargetContext,
  open: () => Promise<Opened>,
): NonNullable<ImageTarget['namespaces']> {
  return {
    cluster,
    list: async (signal) => {
      const { operations, place } = await open();
      return operations.namespaceNames(place, context.namespaces ?? [], signal);
    },
    open: (namespace) => kubernetesTarget(`${cluster}/${namespace}`, context, cluster),
  };
}

/** Finds the cluster at the first use. One that was not found is looked for again. */
function opener(name: string, { kubeconfig = '', proxy }: TargetContext): () => Promise<Opened> {
  let opened: Promise<Opened> | undefined;
  const open = async (): Promise<Opened> => {
    const operations = await import('./operations');
    return { operations, place: await operations.openPlace(name, kubeconfig, proxy) };
  };
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}
