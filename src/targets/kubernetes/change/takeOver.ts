import { applyObject, type Manifest } from '../../../clients/kubernetes/change';
import { resourceOf, type KubeObject } from '../../../clients/kubernetes/objects';
import { UserError } from '../../../core/errors';
import { ownersText, type ObjectOwner } from '../../../core/owner';
import type { TargetContext } from '../../../core/target';
import { labels, manager } from '../names';
import type { Snapshot } from '../objects';
import { ownersInConflict, ownersOf } from './owners';
import { patiently } from '../patiently';
import type { Place } from '../place';
import type { Subject } from '../subject';

const takeOverLabel = 'Change it where it comes from, or add --take-over to change it here all the same.';

/** A subject for one change, in which the user is asked at most once whether what others look after is changed. */
export function asking(subject: Subject, ask: TargetContext['takeOver']): Subject {
  const { place, model, targetId: target } = subject;
  let answer: Promise<boolean> | undefined;
  const takesOver: Place['takesOver'] = (owners, signal) =>
    (answer ??= ask === undefined ? Promise.resolve(false) : ask({ model, target, owners }, signal));
  return { ...subject, place: { ...place, takesOver } };
}

/** Asks where others look after the objects of a model. @throws UserError ManagedElsewhere when they are left alone */
export async function mayChange(
  { place, model }: Subject,
  snapshot: Pick<Snapshot, 'deployments' | 'services' | 'autoscalers'>,
  signal: AbortSignal,
): Promise<void> {
  const owners = ownersOfModel(snapshot, model);
  if (owners.length === 0 || (await place.takesOver?.(owners, signal)) === true) return;
  const where = `the namespace ${place.namespace} of ${place.client.context.name}`;
  throw new UserError('ManagedElsewhere', `${model} in ${where} was left as it is. ${ownersText(owners)}`, {
    remedy: { kind: 'hint', label: takeOverLabel },
    details: { owners },
  });
}

function ownersOfModel(
  { deployments, services, autoscalers }: Pick<Snapshot, 'deployments' | 'services' | 'autoscalers'>,
  model: string,
): readonly ObjectOwner[] {
  const objects = [...deployments, ...services, ...autoscalers].filter(
    ({ metadata }) => metadata.name === model && metadata.labels?.[labels.managedBy] === manager,
  );
  const owners = objects.flatMap(({ metadata }) => ownersOf(metadata));
  return [...new Map(owners.map((one) => [one.name, one])).values()];
}

/**
 * Applies an object of a model. Fields that others own are taken over where the user agrees.
 * @returns the object as it is then, or would be
 * @throws UserError KubernetesConflict where not, and as applyObject
 */
export async function applyOurs(
  place: Place,
  manifest: Manifest,
  signal: AbortSignal,
  dryRun = false,
): Promise<KubeObject> {
  const apply = (force: boolean) =>
    patiently(
      () => applyObject<KubeObject>(place.client, resourceOf(manifest.kind), manifest, { force, dryRun }, signal),
      signal,
    );
  try {
    return await apply(false);
  } catch (error) {
    const owners = ownersInConflict(error);
    if (owners.length === 0) throw error;
    if ((await place.takesOver?.(owners, signal)) !== true) throw refused(error as UserError);
    return apply(true);
  }
}

function refused(error: UserError): UserError {
  const { details } = error;
  return new UserError('KubernetesConflict', error.message, {
    cause: error,
    details,
    remedy: { kind: 'hint', label: takeOverLabel },
  });
}
