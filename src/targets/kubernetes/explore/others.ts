import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterRow, ClusterRows, KindRow, ObjectRow } from '../../../core/cluster';
import { isUserError } from '../../../core/errors';
import { inertText } from '../../../core/inertText';
import { resourcePath, resources, type Resource, type TabledObject } from '../../../clients/kubernetes';
import { discoverResources } from '../../../clients/kubernetes/discovery';
import { pollRows, watchRows, type Explorer } from './explorer';
import { sortedByName } from './sorted';

/** So long after its definition a new kind is shown; the question is one, and small. */
const everyMs = 10_000;

/** Kinds that every cluster has, of those that are not workloads. */
const builtIn: readonly Resource[] = [
  resources.services,
  resources.ingresses,
  resources.configMaps,
  resources.secrets,
  resources.persistentVolumeClaims,
  resources.horizontalPodAutoscalers,
  resources.cronJobs,
];

/** Groups of Kubernetes itself; all others come with a definition of somebody’s. */
const ownGroup = /^([a-z]+|[a-z.]+\.k8s\.io)$/;
/** Groups of the Kubernetes project that clusters get by a definition, too. */
const definedGroup = /^(.+\.x-k8s\.io|gateway\.networking\.k8s\.io|snapshot\.storage\.k8s\.io)$/;

/** The kinds of objects beside workloads and pods, those that came with a definition among them, while they are served. */
export function watchKinds({ client }: Explorer, namespace: string, signal: AbortSignal): AsyncIterable<ClusterRows> {
  let before: ReadonlyMap<string, KindRow> = new Map();
  const read = async (asking: AbortSignal): Promise<readonly ClusterRow[]> => {
    const found = await discoverResources(client, asking);
    const custom = found.filter(({ namespaced, apiVersion }) => namespaced && isCustom(apiVersion));
    const rows = [...builtIn, ...custom].map((resource) => kindRow(resource, namespace, before));
    before = new Map(rows.map((row) => [row.id, row]));
    const byName = [...before.values()].slice(builtIn.length).sort((one, other) => (one.name < other.name ? -1 : 1));
    return [...rows.slice(0, builtIn.length), ...byName];
  };
  return pollRows(read, everyMs, signal);
}

function isCustom(apiVersion: string): boolean {
  const group = apiVersion.replace(/\/.*/, '');
  return definedGroup.test(group) || !ownGroup.test(group);
}

function kindRow(resource: Resource, namespace: string, before: ReadonlyMap<string, KindRow>): KindRow {
  const { apiVersion, plural, kind } = resource;
  const id = `kind:${apiVersion}/${plural}`;
  return before.get(id) ?? { kind: 'kind', id, name: kind, apiVersion, plural, namespace };
}

/** The objects of a kind with the columns that kubectl shows: what they hold is read when it is asked for. */
export async function* watchObjects(
  explorer: Explorer,
  row: KindRow,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const { name: kind, apiVersion, plural, namespace } = row;
  const resource = { apiVersion, plural, kind, namespaced: true };
  const list = {
    what: `list the ${plural} of ${namespace}`,
    path: resourcePath(resource, namespace),
    asTable: true,
  };
  for (;;) {
    try {
      yield* watchRows(explorer, list, (object) => objectRow(row, object), sortedByName(), signal);
    } catch (error) {
      // Its definition was taken away. If it comes back, the objects do, too.
      if (!isUserError(error) || error.code !== 'KubernetesNotFound') throw error;
      yield { rows: [], complete: true };
    }
    await delay(everyMs, undefined, { signal });
  }
}

function objectRow({ name: kind, apiVersion, plural, namespace }: KindRow, object: TabledObject): ObjectRow {
  const { name, uid, deletionTimestamp, creationTimestamp } = object.metadata;
  const ref = { apiVersion, kind, plural, namespace, name, uid };
  const facts = (object.columns ?? []).map((column) => ({ ...column, value: inertText(column.value) }));
  return {
    kind: 'object',
    id: uid,
    name,
    ref,
    facts,
    createdAt: creationTimestamp,
    ends: deletionTimestamp !== undefined,
  };
}
