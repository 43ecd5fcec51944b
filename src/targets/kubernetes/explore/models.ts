import type { ClusterRows, WorkloadRow } from '../../../core/cluster';
import { resourcePath, resources, watchList, type KubeObject, type WatchedList } from '../../../clients/kubernetes';
import { labels, ours } from '../names';
import { describeAutoscale } from '../../../core/autoscale';
import { latest } from '../../../core/latest';
import { autoscaleState } from '../manifests/autoscalers';
import type { Autoscaler } from '../objects';
import { orIfForbidden } from '../unlessForbidden';
import { paceMs, rowsOf, type Explorer } from './explorer';
import { forbidden } from './namespaces';
import { sortedByName } from './sorted';
import { workloadRow } from './workloads';

/** What Slipway deployed, in all namespaces; where those may not be seen together, in the one of the context. */
export function watchDeployedModels(explorer: Explorer, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  return orIfForbidden(modelsOf(explorer, undefined, signal), (refusal) => modelsOfOne(explorer, refusal, signal));
}

async function* modelsOfOne(explorer: Explorer, refusal: string, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  for await (const value of modelsOf(explorer, explorer.namespace, signal))
    yield { ...value, rows: [...value.rows, forbidden(refusal)] };
}

function modelsOf(explorer: Explorer, namespace: string | undefined, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  const list = {
    what: `list the deployments of ${namespace ?? 'all namespaces'}`,
    path: resourcePath(resources.deployments, namespace),
    query: { labelSelector: `${ours},${labels.model}` },
  };
  const autoscalers = {
    what: `list the autoscalers of ${namespace ?? 'all namespaces'}`,
    path: resourcePath(resources.horizontalPodAutoscalers, namespace),
  };
  return withAutoscalers(explorer, { list, autoscalers }, signal);
}

async function* withAutoscalers(
  { client }: Explorer,
  { list, autoscalers }: Readonly<Record<'list' | 'autoscalers', WatchedList>>,
  signal: AbortSignal,
): AsyncGenerator<ClusterRows> {
  const arrange = sortedByName<WorkloadRow>();
  const open = (inner: AbortSignal) => ({
    models: watchList(client, list, modelRow, inner),
    // Who may not list autoscalers sees the models without.
    autoscalers: orIfForbidden(watchList(client, autoscalers, scaling, inner), () => []),
  });
  for await (const { models, autoscalers: found } of latest(open, paceMs, signal)) {
    if (models === undefined) continue;
    const by = new Map([...(found?.items.values() ?? [])].map(({ of, text }) => [of, text]));
    yield rowsOf(
      models,
      arrange(models.items).map((row) => scaledRow(row, by.get(row.name))),
    );
  }
}

/** What did not change is the same object. */
const scaled = new WeakMap<WorkloadRow, WorkloadRow>();

function scaledRow(row: WorkloadRow, autoscale: string | undefined): WorkloadRow {
  if (autoscale === undefined) return row;
  const known = scaled.get(row);
  if (known?.autoscale === autoscale) return known;
  const made = { ...row, autoscale };
  scaled.set(row, made);
  return made;
}

function scaling(object: KubeObject): { readonly of: string; readonly text: string } {
  const autoscaler = object as Autoscaler;
  const { kind, name } = autoscaler.spec.scaleTargetRef;
  const of = kind === 'Deployment' ? `${object.metadata.namespace ?? ''}/${name}` : '';
  return { of, text: describeAutoscale(autoscaleState(autoscaler)) };
}

function modelRow(object: KubeObject): WorkloadRow {
  const row = workloadRow(resources.deployments, object);
  const { namespace = '', labels: own = {} } = object.metadata;
  const version = own[labels.release] ?? own[labels.version];
  return {
    ...row,
    name: `${namespace}/${row.name}`,
    ...(version === undefined ? {} : { release: version }),
  };
}
