import type { Manifest } from '../../../clients/kubernetes/change';
import { resources } from '../../../clients/kubernetes/objects';
import { deleteOurs } from '../change/deleteOurs';
import { modelLabels } from './modelLabels';
import { labels } from '../names';
import type { Place } from '../place';
import { applyOurs } from '../change/takeOver';

/** Emptying a node takes one replica of a model at a time; one that is broken anyway keeps nobody waiting. */
export function budgetManifest(model: string, namespace: string): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { [labels.model]: model } },
    },
  };
}

/** A single replica has no budget: nothing could answer in its place. */
export async function keepBudget(place: Place, model: string, replicas: number, signal: AbortSignal): Promise<void> {
  const resource = resources.podDisruptionBudgets;
  if (replicas <= 1) return deleteOurs(place, resource, model, signal);
  await applyOurs(place, budgetManifest(model, place.namespace), signal);
}
