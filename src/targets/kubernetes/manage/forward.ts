import type { ForwardState, ObjectRef } from '../../../core/cluster';
import { UserError } from '../../../core/errors';
import { resourcePath, resources, type KubeClient, type KubeObject } from '../../../clients/kubernetes';
import { podRow } from '../explore/podRow';
import { selectorText, type LabelSelector } from '../explore/selector';
import { forwardToPods, type Candidate } from '../reach/podForward';
import { isMap, type JsonMap } from './changes';
import { readObject } from './request';

/** Labels that tell one pod, or one version of a workload, from the next. */
const passing =
  /^(pod-template-hash|controller-revision-hash|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|pod-template-generation)$/;

/** @see ClusterObjects.forward */
export async function* forwardTo(
  client: KubeClient,
  ref: ObjectRef,
  port: number,
  local: number,
  signal: AbortSignal,
): AsyncGenerator<ForwardState> {
  const { namespace = '' } = ref;
  const query = await selectorOf(client, ref, signal);
  const path = resourcePath(resources.pods, namespace);
  const candidate = (object: KubeObject): Candidate => {
    const { name, state } = podRow(object);
    return { name, port, isReady: state === 'ok', createdAt: object.metadata.creationTimestamp };
  };
  const way = { client, namespace, query, path, candidate, noPod: () => noPod(ref), local };
  for await (const { phase, url, pod, reason } of forwardToPods(way, signal))
    yield { phase, url, pod, ...(reason === undefined ? {} : { reason }) };
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
