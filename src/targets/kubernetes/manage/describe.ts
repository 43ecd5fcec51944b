import { stringify } from 'yaml';
import type { ObjectRef } from '../../../core/cluster';
import { inertText } from '../../../core/inertText';
import { resourcePath, resources, type KubeClient, type KubeMetadata } from '../../../clients/kubernetes';
import { countOf, lastTime, type Event } from '../explore/events';
import { isMap, type JsonMap } from './changes';
import { readObject } from './request';

type OwnerReference = NonNullable<KubeMetadata['ownerReferences']>[number];

/** Who it is, what state it is in, what is wrong and what happened: the parts of an object that people look for first. */
export async function describeObject(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<string> {
  const [object, events] = await Promise.all([
    readObject(client, ref, signal),
    eventsOf(client, ref, signal).catch(() => undefined),
  ]);
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const status = isMap(object['status']) ? object['status'] : {};
  const { conditions, ...otherStatus } = status;
  const parts: JsonMap[] = [
    pick({
      kind: ref.kind,
      name: ref.name,
      namespace: ref.namespace ?? null,
      created: metadata['creationTimestamp'] ?? null,
    }),
    pick({ labels: metadata['labels'] ?? null, owners: ownersOf(metadata) }),
    pick({ conditions: conditionsOf(conditions), status: otherStatus }),
    pick({ spec: ref.kind === 'Secret' ? null : (object['spec'] ?? null) }),
  ];
  const text = parts.filter((part) => Object.keys(part).length > 0).map((part) => stringify(part, { lineWidth: 0 }));
  return [...text.join('\n').split('\n').map(inertText), eventText(events)].join('\n');
}

function pick(map: JsonMap): JsonMap {
  const isGiven = (value: unknown): boolean =>
    value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(map).filter(([, value]) => isGiven(value)));
}

function ownersOf(metadata: JsonMap): readonly string[] {
  const owners = metadata['ownerReferences'];
  if (!Array.isArray(owners)) return [];
  return (owners as readonly OwnerReference[]).map(({ kind, name }) => `${kind}/${name}`);
}

function conditionsOf(conditions: unknown): JsonMap {
  if (!Array.isArray(conditions)) return {};
  const all = conditions as readonly Readonly<Record<string, string>>[];
  return Object.fromEntries(
    all.map(({ type = '', status = '', reason, message }) => [
      type,
      [status, [reason, message].filter((word) => word).join(': ')].filter((word) => word !== '').join(', '),
    ]),
  );
}

async function eventsOf(
  client: KubeClient,
  { uid, namespace }: ObjectRef,
  signal: AbortSignal,
): Promise<readonly Event[]> {
  const query = { fieldSelector: `involvedObject.uid=${uid}`, limit: 100 };
  const call = { what: 'list its events', path: resourcePath(resources.events, namespace), query };
  return (await client.request<{ readonly items: readonly Event[] }>(call, signal)).items;
}

function eventText(events: readonly Event[] | undefined): string {
  if (events === undefined) return 'events: (you may not list them)\n';
  if (events.length === 0) return 'events: (none)\n';
  const lines = events.map((event) => {
    const { type = '', reason = '', message = '' } = event;
    const times = countOf(event) > 1 ? ` (${countOf(event)} times)` : '';
    return `  ${lastTime(event)} ${type} ${reason}: ${message}${times}`;
  });
  return ['events:', ...lines.map((line) => inertText(line)), ''].join('\n');
}
