import { setTimeout as delay } from 'node:timers/promises';
import { listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject, type Resource } from '../../../clients/kubernetes/objects';
import { deleteOurs } from './deleteOurs';
import { deleteRoutes } from '../reach/expose';
import { routeKinds } from '../manifests/exposure';
import { ofModel } from '../names';
import { patiently } from '../patiently';
import type { Place } from '../place';

/** Everything that is ever made for a model, what others depend on last. */
const kinds: readonly Resource[] = [
  resources.horizontalPodAutoscalers,
  resources.podDisruptionBudgets,
  resources.networkPolicies,
  resources.services,
  resources.deployments,
  resources.secrets,
  resources.configMaps,
  resources.serviceAccounts,
];

const lookMs = 500;
const longestMs = 120_000;

/** Deletes all of a model by its label, and waits until its pods are gone. */
export async function removeModel(place: Place, model: string, signal: AbortSignal): Promise<void> {
  await deleteObjects(place, model, signal);
  await untilGone(place, model, signal);
}

/** Deletes all of a model by its label; its pods answer what they were asked before they end. */
export async function deleteObjects(place: Place, model: string, signal: AbortSignal): Promise<void> {
  for (const resource of routeKinds) await deleteRoutes(place, model, resource, signal);
  for (const resource of kinds) await deleteOurs(place, resource, model, signal);
}

async function untilGone(place: Place, model: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + longestMs;
  const remaining = [resources.deployments, resources.pods];
  while (performance.now() < deadline) {
    const left = await Promise.all(
      remaining.map((resource) => patiently(() => objectsOf(place, resource, model, signal), signal)),
    );
    if (left.flat().length === 0) return;
    await delay(lookMs, undefined, { signal });
  }
}

function objectsOf(
  { client, namespace }: Place,
  resource: Resource,
  model: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  return listObjects<KubeObject>(client, { resource, namespace }, ofModel(model), signal);
}
