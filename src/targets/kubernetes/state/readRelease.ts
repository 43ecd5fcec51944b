import { findObject, listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { UserError } from '../../../core/errors';
import type { KeptRelease } from '../../../core/target';
import { ofModel, releaseName } from '../names';
import type { ConfigMap } from '../objects';
import type { Place } from '../place';
import { parseReleases, type ReleaseSpec } from './release';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** A release as it is kept, without the values of its secrets. @throws UserError ReleaseMissing */
export async function readRelease(
  place: Place,
  model: string,
  version: number,
  signal: AbortSignal,
): Promise<KeptRelease> {
  const { client, namespace } = place;
  const address = { resource: resources.configMaps, namespace, name: releaseName(model, version) };
  const found = await findObject<ConfigMap>(client, address, signal);
  const [stored] = parseReleases(found === undefined ? [] : [found]);
  if (stored === undefined) {
    throw new UserError('ReleaseMissing', `${model} has no release ${String(version)}.`, {
      remedy: { kind: 'hint', label: 'Choose one of the releases that `slipway models` shows.' },
    });
  }
  const { image, provenance, port, readyTimeoutSeconds } = stored.spec;
  const secretNames = await secretNamesOf(place, stored.spec, signal);
  return { model, version, content: image, provenance, port, readyTimeoutSeconds, secretNames };
}

async function secretNamesOf(
  { client, namespace }: Place,
  { model, version, hasSecrets }: ReleaseSpec,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!hasSecrets) return [];
  const secrets = await listObjects<Secret>(client, { resource: resources.secrets, namespace }, ofModel(model), signal);
  const secret = secrets.find(({ metadata }) => metadata.name === releaseName(model, version));
  return Object.keys(secret?.data ?? {});
}
