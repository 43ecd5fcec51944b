import { deleteObject, findObject, listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject, type Resource } from '../../../clients/kubernetes/objects';
import type { Leftover } from '../../../core/target';
import type { Subject } from '../subject';
import { isHeld } from './lease';
import { cureFor, describe, orphans, type Cure, type Remains } from './leftovers';
import { labels, leaseName, ofModel, ours } from '../names';
import type { ConfigMap, Deployment } from '../objects';
import { patiently } from '../patiently';
import type { Place } from '../place';
import { parseReleases, type StoredRelease } from '../state/release';
import { deleteObjects } from './remove';
import { rememberedReplicas } from '../state/state';
import { applyRelease, forgetRelease, noteOutcome, scaleModel } from '../rollout/switchRelease';
import { unlessForbidden } from '../unlessForbidden';

/** What changes left that nobody works on any more. */
export async function readLeftovers(place: Place, signal: AbortSignal): Promise<readonly Leftover[]> {
  const all = await readRemains(place, ours, signal);
  const found = await Promise.all(
    all.map(async (remains) => {
      const cure = cureFor(remains);
      if (cure === undefined || (await isHeld(place, remains.model, signal))) return [];
      return [describe(remains, cure)];
    }),
  );
  return found.flat();
}

/** Brings a model to a state that somebody wanted. The lease of the model is held. */
export async function cleanUpModel({ place, model }: Subject, signal: AbortSignal): Promise<void> {
  const [remains] = await readRemains(place, ofModel(model), signal);
  const cure = remains && cureFor(remains);
  if (remains === undefined || cure === undefined) return;
  await applyCure(place, remains, cure, signal);
  if (cure.kind !== 'remove') await forgetOrphans(place, remains, signal);
}

async function applyCure(place: Place, { model, deployment }: Remains, cure: Cure, signal: AbortSignal): Promise<void> {
  switch (cure.kind) {
    case 'finish':
      await noteOutcome(place, cure.release, undefined, signal);
      return;
    case 'goBack': {
      const replicas = deployment?.spec.replicas ?? 0;
      await applyRelease(place, cure.release, signal);
      if (replicas === 0 && deployment !== undefined)
        await scaleModel(place, model, rememberedReplicas(deployment), signal);
      return;
    }
    case 'stop':
      await scaleModel(place, model, 0, signal);
      return;
    case 'remove':
      await deleteObjects(place, model, signal);
      return;
    case 'forget':
  }
}

/** Forgets releases that never came to their end, and values of secrets without a release. */
export async function forgetOrphans(
  place: Place,
  remains: Pick<Remains, 'deployment' | 'releases' | 'lostSecrets'>,
  signal: AbortSignal,
): Promise<void> {
  for (const { spec } of orphans(remains)) await forgetRelease(place, spec, signal);
  for (const name of remains.lostSecrets) {
    const address = { resource: resources.secrets, namespace: place.namespace, name };
    await patiently(() => deleteObject(place.client, address, signal), signal);
  }
}

async function readRemains(place: Place, selector: string, signal: AbortSignal): Promise<readonly Remains[]> {
  const list = <T extends KubeObject>(resource: Resource): Promise<readonly T[]> =>
    patiently(() => listObjects<T>(place.client, { resource, namespace: place.namespace }, selector, signal), signal);
  const [deployments, services, accounts, secrets, configMaps, leases] = await Promise.all([
    list<Deployment>(resources.deployments),
    list(resources.services),
    list(resources.serviceAccounts),
    list(resources.secrets),
    list<ConfigMap>(resources.configMaps),
    list(resources.leases).catch(unlessForbidden(undefined)),
  ]);
  const kinds = { deployments, services, accounts, secrets, configMaps, leases: leases ?? [] };
  const names = new Set(Object.values(kinds).flatMap((objects) => objects.flatMap((object) => modelOf(object) ?? [])));
  return Promise.all(
    [...names].sort().map(async (model): Promise<Remains> => {
      const of = <T extends KubeObject>(objects: readonly T[]): readonly T[] =>
        objects.filter((object) => modelOf(object) === model);
      const releases = parseReleases(of(configMaps));
      return {
        model,
        deployment: of(deployments)[0],
        releases,
        lostSecrets: lost(of(secrets), of(configMaps)),
        hasOthers: [accounts, services, secrets, configMaps].some((objects) => of(objects).length > 0),
        hasService: of(services).length > 0,
        hasLease: leases === undefined ? await leaseExists(place, model, signal) : of(leases).length > 0,
      };
    }),
  );
}

/** Those who may not list leases see those of the models that they see. */
async function leaseExists({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<boolean> {
  const address = { resource: resources.leases, namespace, name: leaseName(model) };
  return (await patiently(() => findObject(client, address, signal), signal)) !== undefined;
}

function lost(secrets: readonly KubeObject[], configMaps: readonly KubeObject[]): readonly string[] {
  const kept = configMaps.map(({ metadata }) => metadata.name);
  return secrets
    .filter(({ metadata }) => metadata.labels?.[labels.release] !== undefined && !kept.includes(metadata.name))
    .map(({ metadata }) => metadata.name);
}

function modelOf({ metadata }: KubeObject): string | undefined {
  return metadata.deletionTimestamp === undefined ? metadata.labels?.[labels.model] : undefined;
}

/** After a good release: notes that the one before it was good, too, and forgets those that were cut off. */
export async function mendReleases(
  place: Place,
  known: readonly StoredRelease[],
  before: StoredRelease['spec'] | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const { spec, outcome } of known) {
    if (outcome !== undefined) continue;
    if (spec.version === before?.version) await noteOutcome(place, spec, undefined, signal);
    else await forgetRelease(place, spec, signal);
  }
}
