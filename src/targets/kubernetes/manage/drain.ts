import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectRef } from '../../../core/cluster';
import { isUserError, UserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import { resourcePath, resources, type KubeClient, type KubeObject } from '../../../clients/kubernetes';
import { cordonNode } from './cordon';

interface Pod extends KubeObject {
  readonly spec: { readonly volumes?: readonly { readonly emptyDir?: unknown }[] };
  readonly status?: { readonly phase?: string };
}

const everyMs = 2000;

/**
 * Cordons a node and evicts its pods, but those of DaemonSets, which would come back, and of the node itself, which no API
 * can end. A pod whose disruption budget is used up is tried again until it may go.
 * https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
 * @throws UserError DrainWouldLose when a pod has nobody who starts it again elsewhere
 */
export async function* drainNode(client: KubeClient, node: ObjectRef, signal: AbortSignal): AsyncGenerator<string> {
  const pods = (await podsOf(client, node.name, signal)).filter(mustGo);
  const orphans = pods.filter((pod) => pod.metadata.ownerReferences === undefined && !isOver(pod));
  if (orphans.length > 0) throw wouldLose(node.name, orphans.map(fullName));
  await cordonNode(client, node, true, signal);
  yield `Cordoned ${node.name}`;
  const waiting = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  const evicted = new Set<string>();
  while (waiting.size > 0) {
    const refusals = new Set<string>();
    for (const [uid, pod] of waiting) {
      if (evicted.has(uid)) continue;
      const refusal = await evict(client, pod, signal);
      if (refusal !== undefined) refusals.add(refusal);
      else {
        evicted.add(uid);
        yield `Evicted ${fullName(pod)}`;
      }
    }
    const left = new Set((await podsOf(client, node.name, signal)).map(({ metadata }) => metadata.uid));
    for (const uid of waiting.keys()) if (!left.has(uid)) waiting.delete(uid);
    if (waiting.size === 0) return;
    yield [`Waiting for ${[...waiting.values()].map(fullName).join(', ')}`, ...refusals].join('. ');
    await delay(everyMs, undefined, { signal });
  }
}

async function podsOf(client: KubeClient, node: string, signal: AbortSignal): Promise<readonly Pod[]> {
  const query = { fieldSelector: `spec.nodeName=${node}` };
  const call = { what: `list the pods of ${node}`, path: resourcePath(resources.pods), query };
  return (await client.request<{ readonly items: readonly Pod[] }>(call, signal)).items;
}

function mustGo({ metadata }: Pod): boolean {
  const isOfNode = metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  return !isOfNode && !(metadata.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet');
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** @returns what its disruption budget says when that does not allow it now */
async function evict(client: KubeClient, pod: Pod, signal: AbortSignal): Promise<string | undefined> {
  const { name, namespace } = pod.metadata;
  const path = `${resourcePath(resources.pods, namespace, name)}/eviction`;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  try {
    await client.request({ what: `evict ${fullName(pod)}`, method: 'POST', path, body, once: true }, signal);
    return undefined;
  } catch (error) {
    if (isUserError(error) && error.code === 'KubernetesNotFound') return undefined;
    if (isUserError(error) && error.code === 'KubernetesBusy') return wordsOf(error);
    throw error;
  }
}

function wordsOf({ details, message }: UserError): string {
  const [cause] = (details['causes'] ?? []) as readonly { readonly message?: string }[];
  return inertText(cause?.message ?? message);
}

function fullName({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function wouldLose(node: string, pods: readonly string[]): UserError {
  return new UserError(
    'DrainWouldLose',
    `${node} was not drained: nobody would start these pods again elsewhere: ${pods.join(', ')}.`,
    { remedy: { kind: 'hint', label: 'Delete them yourself if they are not needed any more.' } },
  );
}
