import { isUserError } from '../../../core/errors';
import type { ClusterRows, WorkloadRow } from '../../../core/cluster';
import { resourcePath, resources, type KubeObject } from '../../../clients/kubernetes';
import { labels, ours } from '../names';
import { watchRows, type Explorer } from './explorer';
import { forbidden } from './namespaces';
import { sortedByName } from './sorted';
import { workloadRow } from './workloads';

/** What Slipway deployed, in all namespaces; where those may not be seen together, in the one of the context. */
export async function* watchDeployedModels(explorer: Explorer, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  try {
    yield* modelsOf(explorer, undefined, signal);
  } catch (error) {
    if (!isUserError(error) || error.code !== 'KubernetesForbidden') throw error;
    for await (const value of modelsOf(explorer, explorer.namespace, signal))
      yield { ...value, rows: [...value.rows, forbidden(error.message)] };
  }
}

function modelsOf(explorer: Explorer, namespace: string | undefined, signal: AbortSignal): AsyncGenerator<ClusterRows> {
  const list = {
    what: `list the deployments of ${namespace ?? 'all namespaces'}`,
    path: resourcePath(resources.deployments, namespace),
    query: { labelSelector: `${ours},${labels.model}` },
  };
  return watchRows(explorer, list, modelRow, sortedByName(), signal);
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
