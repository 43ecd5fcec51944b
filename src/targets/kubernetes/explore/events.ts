import type { ClusterRow, ClusterRows, EventRow, PodRow } from '../../../core/cluster';
import { inertText } from '../../../core/inertText';
import { latest } from '../../../core/latest';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes';
import { orIfForbidden } from '../unlessForbidden';
import { paceMs, watchRows, type Explorer } from './explorer';
import { watchNearestFit } from './nearestFit';
import { unschedulable } from './podRow';

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly involvedObject: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** So many are shown: events are for what happens now. */
const mostEvents = 200;

/** The last events of the cluster, newest first; where only one namespace may be seen, those of it. */
export function watchEvents(explorer: Explorer, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  return orIfForbidden(eventsOf(explorer, undefined, {}, signal), () =>
    eventsOf(explorer, explorer.namespace, {}, signal),
  );
}

/** What happened to a pod; while no node takes it, after which would be the nearest. */
export async function* watchPodEvents(
  explorer: Explorer,
  pod: PodRow,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const query = { fieldSelector: `involvedObject.uid=${pod.id}` };
  if (pod.status !== unschedulable) {
    yield* eventsOf(explorer, pod.namespace, query, signal);
    return;
  }
  const open = (inner: AbortSignal) => ({
    events: eventsOf(explorer, pod.namespace, query, inner),
    fit: watchNearestFit(explorer.client, pod, inner),
  });
  for await (const { events, fit } of latest(open, paceMs, signal))
    if (events !== undefined) yield fit === undefined ? events : { ...events, rows: [fit, ...events.rows] };
}

function eventsOf(
  explorer: Explorer,
  namespace: string | undefined,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const list = {
    what: `list the events of ${namespace ?? 'all namespaces'}`,
    path: resourcePath(resources.events, namespace),
    query,
  };
  return watchRows(explorer, list, eventRow, newestFirst, signal);
}

function newestFirst(items: ReadonlyMap<string, EventRow>): readonly ClusterRow[] {
  return [...items.values()]
    .sort((left, right) => (left.at < right.at ? 1 : left.at > right.at ? -1 : 0))
    .slice(0, mostEvents);
}

function eventRow(object: KubeObject): EventRow {
  const event = object as Event;
  const { uid, name, namespace = '' } = event.metadata;
  const reason = inertText(event.reason ?? '');
  return {
    kind: 'event',
    id: uid,
    name: reason,
    ref: { apiVersion: 'v1', kind: 'Event', plural: 'events', namespace, name, uid },
    warning: event.type === 'Warning',
    reason,
    message: inertText(event.message ?? ''),
    count: countOf(event),
    at: lastTime(event),
    about: about(event.involvedObject),
  };
}

export function countOf({ series, count }: Event): number {
  return series?.count ?? count ?? 1;
}

export function lastTime({ series, lastTimestamp, eventTime, metadata }: Event): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
}

function about({ kind = '', name = '', namespace }: Event['involvedObject']): string {
  return [kind, namespace, name].filter((part) => part !== undefined && part !== '').join('/');
}
