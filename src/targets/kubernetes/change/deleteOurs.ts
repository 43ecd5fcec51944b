import { deleteObject, listObjects } from '../../../clients/kubernetes/change';
import type { KubeObject, Resource } from '../../../clients/kubernetes/objects';
import { ofModel } from '../names';
import { patiently } from '../patiently';
import type { Place } from '../place';

/** Deletes a model's objects of one kind; one of the same name that somebody else made stays. */
export async function deleteOurs(
  { client, namespace }: Place,
  resource: Resource,
  model: string,
  signal: AbortSignal,
): Promise<void> {
  await patiently(async () => {
    const found = await listObjects<KubeObject>(client, { resource, namespace }, ofModel(model), signal);
    for (const { metadata } of found) await deleteObject(client, { resource, namespace, name: metadata.name }, signal);
  }, signal);
}
