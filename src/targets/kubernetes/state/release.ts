import { createObject, findObject, type Manifest } from '../../../clients/kubernetes/change';
import { resources } from '../../../clients/kubernetes/objects';
import { isUserError } from '../../../core/errors';
import type { Reason } from '../../../core/deployment';
import { inertText } from '../../../core/inertText';
import type { Provenance } from '../../../core/release';
import type { ImageContent } from '../../../core/target';
import { annotations, labels, manager, releaseName } from '../names';
import type { ConfigMap } from '../objects';
import { patiently } from '../patiently';
import type { Place } from '../place';

/** What decides the objects of a release, and so all that is needed to make them again. */
export interface ReleaseSpec {
  readonly schema: 1;
  readonly model: string;
  readonly version: number;
  readonly image: ImageContent;
  readonly provenance: Provenance;
  /** Port of the Service. */
  readonly port: number;
  readonly readyTimeoutSeconds: number;
  /** Whether a Secret of the release's name holds values. */
  readonly hasSecrets: boolean;
  /** Names of the Secrets with which the nodes pull. */
  readonly pullSecrets: readonly string[];
}

/** A release as the cluster keeps it. */
export interface StoredRelease {
  readonly spec: ReleaseSpec;
  /** Undefined while it was not tried to its end. */
  readonly outcome: 'ready' | 'failed' | undefined;
  readonly failure: Reason | undefined;
}

const key = 'release.json';

/**
 * Keeps a release under the next number, in an immutable object. Two who do so at once get two numbers, since a name can
 * be taken only once.
 */
export async function allocateRelease(
  { client, namespace }: Place,
  spec: Omit<ReleaseSpec, 'version'>,
  known: readonly StoredRelease[],
  signal: AbortSignal,
): Promise<ReleaseSpec> {
  for (let version = nextVersion(known); ; version++) {
    const release = { ...spec, version };
    const object = releaseObject(release, namespace);
    try {
      await patiently(() => createObject(client, resources.configMaps, object, signal), signal);
      return release;
    } catch (error) {
      if (!isUserError(error) || error.code !== 'KubernetesConflict') throw error;
      if (await isOurs({ client, namespace }, release, signal)) return release;
    }
  }
}

/** The number after all that are taken. */
export function nextVersion(known: readonly StoredRelease[]): number {
  return Math.max(0, ...known.map((one) => one.spec.version)) + 1;
}

/** The answer to an earlier try was lost. */
async function isOurs({ client, namespace }: Place, release: ReleaseSpec, signal: AbortSignal): Promise<boolean> {
  const address = { resource: resources.configMaps, namespace, name: releaseName(release.model, release.version) };
  const found = await patiently(() => findObject<ConfigMap>(client, address, signal), signal);
  return found?.data?.[key] === textOf(release);
}

function textOf(release: ReleaseSpec): string {
  return JSON.stringify(release, undefined, 2);
}

/** The release as the cluster keeps it. */
export function releaseObject(release: ReleaseSpec, namespace: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: releaseName(release.model, release.version),
      namespace,
      labels: releaseLabels(release),
    },
    immutable: true,
    data: { [key]: textOf(release) },
  };
}

export function releaseLabels({ model, version }: Pick<ReleaseSpec, 'model' | 'version'>): Record<string, string> {
  return {
    [labels.name]: model,
    [labels.version]: String(version),
    [labels.managedBy]: manager,
    [labels.model]: model,
    [labels.release]: String(version),
  };
}

/** The releases among objects, oldest first. What cannot be read is somebody else's. */
export function parseReleases(objects: readonly ConfigMap[]): readonly StoredRelease[] {
  return objects
    .flatMap((object) => {
      const spec = parse(object.data?.[key]) as ReleaseSpec | undefined;
      if (spec === undefined) return [];
      const notes = object.metadata.annotations ?? {};
      const failure = parse(notes[annotations.failure]) as Reason | undefined;
      return [{ spec, failure, outcome: outcomeIn(notes[annotations.outcome]) }];
    })
    .sort((left, right) => left.spec.version - right.spec.version);
}

function outcomeIn(note: string | undefined): StoredRelease['outcome'] {
  return note === 'ready' || note === 'failed' ? note : undefined;
}

/** Who may write to the namespace writes what others read in a terminal. */
function inert(value: unknown): unknown {
  return typeof value === 'string' ? value.split('\n').map(inertText).join('\n') : value;
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text, (_, value: unknown) => inert(value));
  } catch {
    return undefined;
  }
}
