import type { ClusterObjects, ObjectEdit, ObjectRef } from '../../../core/cluster';
import { clientFor, openExec, type KubeClient, type KubeContext, type KubeMetadata } from '../../../clients/kubernetes';
import { changesBetween, isMap, type JsonMap } from './changes';
import { cordonNode } from './cordon';
import { describeObject } from './describe';
import { drainNode } from './drain';
import { forwardTo, portsOf } from './forward';
import { ownersOf } from '../change/owners';
import { containerLog } from './podLogs';
import { nameOf, pathOf, readObject } from './request';
import { assertSame, objectText, parseObject, withoutStatus } from './text';

/** The owner of fields that were changed in the editor. */
const manager = 'slipway-edit';

export function objectsOf(context: KubeContext): ClusterObjects {
  const client = clientFor(context);
  return {
    read: async (ref, signal) => objectText(await readObject(client, ref, signal)),
    describe: (ref, signal) => describeObject(client, ref, signal),
    preview: (edit, signal) => preview(client, edit, signal),
    apply: async (edit, signal) => {
      await send(client, edit, false, signal);
    },
    remove: async (ref, signal) => {
      const body = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: ref.uid },
        propagationPolicy: 'Background',
      };
      await client.request({ what: `delete ${nameOf(ref)}`, method: 'DELETE', path: pathOf(ref), body }, signal);
    },
    owners: async (ref, signal) => {
      const { metadata } = await readObject(client, ref, signal);
      return ownersOf((metadata ?? {}) as Partial<KubeMetadata>);
    },
    cordon: (node, isCordoned, signal) => cordonNode(client, node, isCordoned, signal),
    drain: (node, signal) => drainNode(client, node, signal),
    exec: ({ namespace = '', name: pod }, container, command, onOutput) =>
      openExec(client, { namespace, pod, container, command }, onOutput),
    log: (pod, container) => containerLog(client, pod, container),
    ports: (ref, signal) => portsOf(client, ref, signal),
    forward: (ref, port, local, signal) => forwardTo(client, ref, port, local, signal),
  };
}

async function preview(client: KubeClient, edit: ObjectEdit, signal: AbortSignal) {
  const before = objectText(await readObject(client, edit.ref, signal));
  const after = await send(client, edit, true, signal);
  return { before, after: after === undefined ? before : objectText(after) };
}

/**
 * Applies what was changed, and takes away what was removed; undefined when that is nothing. What is not changed stays
 * with those who own it. https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
async function send(
  client: KubeClient,
  edit: ObjectEdit,
  isDryRun: boolean,
  signal: AbortSignal,
): Promise<JsonMap | undefined> {
  const { ref, force } = edit;
  const [before, after] = [parseObject(edit.before), parseObject(edit.after)];
  assertSame(after, ref);
  const { set, removed } = changesBetween(withoutStatus(before), withoutStatus(after));
  const query = { fieldManager: manager, fieldValidation: 'Strict', ...(isDryRun ? { dryRun: 'All' } : {}) };
  let result: JsonMap | undefined;
  if (set !== undefined) {
    const body = { ...set, apiVersion: ref.apiVersion, kind: ref.kind, metadata: identity(ref, before, set) };
    result = await patch(client, ref, 'application/apply-patch+yaml', body, { ...query, force }, signal);
  }
  if (removed !== undefined) result = await patch(client, ref, 'application/merge-patch+json', removed, query, signal);
  return result;
}

/** With the version that was read: an object that was changed since is refused rather than overwritten. */
function identity({ name, namespace }: ObjectRef, before: JsonMap, set: JsonMap): JsonMap {
  const version = isMap(before['metadata']) ? before['metadata']['resourceVersion'] : undefined;
  return {
    ...(isMap(set['metadata']) ? set['metadata'] : {}),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(version === undefined ? {} : { resourceVersion: version }),
  };
}

function patch(
  client: KubeClient,
  ref: ObjectRef,
  contentType: string,
  body: JsonMap,
  query: Readonly<Record<string, string | boolean>>,
  signal: AbortSignal,
): Promise<JsonMap> {
  const call = { what: `change ${nameOf(ref)}`, method: 'PATCH', path: pathOf(ref), contentType, body, query } as const;
  return client.request<JsonMap>(call, signal);
}
