import type { ForwardState, ObjectRef } from '../../../core/cluster';
import { latest } from '../../../core/latest';
import { UserError } from '../../../core/errors';
import {
  listenForPods,
  resourcePath,
  resources,
  watchList,
  type KubeClient,
  type KubeObject,
} from '../../../clients/kubernetes';
import { podRow } from '../explore/podRow';
import { selectorText, type LabelSelector } from '../explore/selector';
import { isMap, type JsonMap } from './changes';
import { readObject } from './request';

/** How fast a replaced pod is noticed. */
const paceMs = 100;
/** Labels that tell one pod, or one version of a workload, from the next. */
const passing =
  /^(pod-template-hash|controller-revision-hash|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|pod-template-generation)$/;

interface Candidate {
  readonly name: string;
  readonly isReady: boolean;
  readonly createdAt: string;
}

/** @see ClusterObjects.forward */
export async function* forwardTo(
  client: KubeClient,
  ref: ObjectRef,
  port: number,
  local: number,
  signal: AbortSignal,
): AsyncGenerator<ForwardState> {
  const { namespace = '' } = ref;
  let ready: string | undefined;
  const choose = (): Promise<{ namespace: string; pod: string; port: number }> =>
    ready === undefined ? Promise.reject(noPod(ref)) : Promise.resolve({ namespace, pod: ready, port });
  const selector = await selectorOf(client, ref, signal);
  const list = {
    what: `list the pods of ${namespace}`,
    path: resourcePath(resources.pods, namespace),
    query: selector,
  };
  const listening = await listenForPods(client, choose, local);
  const { url } = listening;
  try {
    yield { phase: 'connecting', url, pod: undefined };
    let wasActive = false;
    const open = (inner: AbortSignal) => ({ pods: watchList(client, list, candidate, inner) });
    for await (const { pods } of latest(open, paceMs, signal)) {
      if (pods === undefined) continue;
      ready = newestReady([...pods.items.values()]);
      const reason = pods.stale?.error.message;
      const phase: ForwardState['phase'] =
        ready !== undefined && reason === undefined ? 'active' : wasActive ? 'reconnecting' : 'connecting';
      wasActive ||= phase === 'active';
      yield { phase, url, pod: ready, ...(reason === undefined ? {} : { reason }) };
    }
  } finally {
    await listening.close();
  }
}

function candidate(object: KubeObject): Candidate {
  const { name, state } = podRow(object);
  return { name, isReady: state === 'ok', createdAt: object.metadata.creationTimestamp };
}

function newestReady(pods: readonly Candidate[]): string | undefined {
  const ready = pods.filter(({ isReady }) => isReady);
  return ready.sort((left, right) => (left.createdAt < right.createdAt ? 1 : -1))[0]?.name;
}

/** Which pods take part: those of the workload; for a pod, those that the same owner makes; for one without, itself. */
async function selectorOf(
  client: KubeClient,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const object = await readObject(client, ref, signal);
  const spec = isMap(object['spec']) ? object['spec'] : {};
  if (ref.kind === 'Service' && isMap(spec['selector']))
    return { labelSelector: selectorText({ matchLabels: spec['selector'] as Readonly<Record<string, string>> }) };
  if (ref.kind !== 'Pod') return { labelSelector: selectorText(spec['selector'] as LabelSelector | undefined) };
  const { labels, ownerReferences } = object['metadata'] as JsonMap & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
  };
  if (ownerReferences === undefined || labels === undefined) return { fieldSelector: `metadata.name=${ref.name}` };
  const lasting = Object.fromEntries(Object.entries(labels).filter(([name]) => !passing.test(name)));
  return { labelSelector: selectorText({ matchLabels: lasting }) };
}

/** Ports that containers declare, in their order. */
export async function portsOf(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<readonly number[]> {
  const object = await readObject(client, ref, signal);
  const spec = isMap(object['spec']) ? object['spec'] : {};
  const template = isMap(spec['template']) ? spec['template'] : object;
  const { containers = [] } = (template['spec'] ?? {}) as {
    readonly containers?: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[];
  };
  return [...new Set(containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)))];
}

function noPod({ kind, name }: ObjectRef): UserError {
  return new UserError('ForwardNotReady', `No pod of ${kind} ${name} is ready, so there is nothing to lead to.`, {
    remedy: { kind: 'hint', label: 'Wait until one is; the port stays the same.' },
  });
}
