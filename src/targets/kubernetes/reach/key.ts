import { randomBytes } from 'node:crypto';
import { createObject, findObject, listObjects, type Manifest } from '../../../clients/kubernetes/change';
import { resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { isUserError, UserError } from '../../../core/errors';
import { keyMissing } from '../../../core/exposure';
import { modelLabels } from '../manifests/modelLabels';
import { keyEntry, keyName, ofModel } from '../names';
import type { Pod } from '../objects';
import { patiently } from '../patiently';
import type { Place } from '../place';
import { untilKnown } from './keyKnown';
import type { Subject } from '../subject';
import { applyOurs } from '../change/takeOver';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export function keyManifest(model: string, namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: keyName(model), namespace, labels: modelLabels(model) },
    type: 'Opaque',
    stringData: { [keyEntry]: randomBytes(32).toString('base64url') },
  };
}

/** A model gets one key, which all of its releases ask for. @throws UserError NameTaken */
export async function ensureKey({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<void> {
  const manifest = keyManifest(model, namespace);
  await patiently(async () => {
    try {
      await createObject(client, resources.secrets, manifest, signal);
    } catch (error) {
      if (!isUserError(error) || error.code !== 'KubernetesConflict') throw error;
      await findKey({ client, namespace }, model, signal);
    }
  }, signal);
}

/** The key of a model; undefined when it has none. @throws UserError NameTaken, KubernetesForbidden */
export async function readKey(place: Place, model: string, signal: AbortSignal): Promise<string | undefined> {
  const data = (await findKey(place, model, signal))?.data?.[keyEntry];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8').trim();
}

/**
 * Gives a model another key, and waits until its replicas ask for that one. None of them is started again.
 * @throws UserError KeyMissing, KeyNotTaken
 */
export async function rotateKey({ place, model }: Subject, signal: AbortSignal): Promise<string> {
  const { client, namespace } = place;
  if ((await readKey(place, model, signal)) === undefined) throw keyMissing(model);
  const manifest = keyManifest(model, namespace);
  await applyOurs(place, manifest, signal);
  const key = (await patiently(() => readKey(place, model, signal), signal)) ?? '';
  const pods = () => listObjects<Pod>(client, { resource: resources.pods, namespace }, ofModel(model), signal);
  await untilKnown(place, { model, key, pods }, signal);
  return key;
}

async function findKey({ client, namespace }: Place, model: string, signal: AbortSignal): Promise<Secret | undefined> {
  const name = keyName(model);
  const found = await findObject<Secret>(client, { resource: resources.secrets, namespace, name }, signal);
  // One that was made by hand is as good, such as for manifests that were written to files.
  if (found === undefined || found.data?.[keyEntry] !== undefined) return found;
  throw new UserError('NameTaken', `The namespace ${namespace} has a Secret ${name} already, which holds no key.`, {
    remedy: { kind: 'hint', label: 'Give the model another name, or choose another namespace.' },
  });
}
