import { createObject, findObject, listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject } from '../../../clients/kubernetes/objects';
import { shortHash } from '../../../core/home';
import type { PullCredential } from '../../../core/target';
import { labels, manager } from '../names';
import type { Place } from '../place';
import { unlessForbidden } from '../unlessForbidden';

interface ServiceAccount extends KubeObject {
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

const type = 'kubernetes.io/dockerconfigjson';
const key = '.dockerconfigjson';

/**
 * What the pods of a model pull with: the secrets that the people who run a namespace gave to its default ServiceAccount,
 * since models have one of their own and pull from the same registries; then those of the namespace for the registry.
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account
 */
export async function pullSecretsOf(place: Place, registry: string, signal: AbortSignal): Promise<readonly string[]> {
  const [given, fitting = []] = await Promise.all([
    secretsOfDefault(place, signal),
    readFitting(place, registry, signal),
  ]);
  return [...new Set([...given, ...fitting])];
}

/** Names of the pull secrets in a namespace that are for a registry; all that there are for those who may not look. */
export async function fittingSecrets(place: Place, registry: string, signal: AbortSignal): Promise<readonly string[]> {
  return (await readFitting(place, registry, signal)) ?? secretsOfDefault(place, signal);
}

async function readFitting(
  { client, namespace }: Place,
  registry: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const secrets = await listObjects<Secret>(client, { resource: resources.secrets, namespace }, '', signal).catch(
    unlessForbidden(undefined),
  );
  return secrets
    ?.filter((secret) => secret.type === type && hostsIn(secret.data?.[key]).includes(registry))
    .map(({ metadata }) => metadata.name)
    .sort();
}

/**
 * Lets the nodes pull from a registry with a credential. @returns the secret's name
 * @throws UserError of the client
 */
export async function createPullSecret(
  { client, namespace }: Place,
  registry: string,
  { username, password }: PullCredential,
  signal: AbortSignal,
): Promise<string> {
  const name = `slipway-pull-${shortHash(registry)}`;
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { [labels.managedBy]: manager } },
    type,
    stringData: { [key]: JSON.stringify({ auths: { [keyOf(registry)]: { username, password, auth } } }) },
  };
  await createObject(client, resources.secrets, manifest, signal);
  return name;
}

const hub = 'https://index.docker.io/v1/';

function keyOf(registry: string): string {
  return registry === 'docker.io' ? hub : registry;
}

/** The registries that a pull secret names; its passwords are read by nobody. */
export function hostsIn(encoded: string | undefined): readonly string[] {
  try {
    const { auths = {} } = JSON.parse(Buffer.from(encoded ?? '', 'base64').toString()) as { readonly auths?: object };
    return Object.keys(auths).map((name) =>
      /(?:^|\/)(?:index\.)?docker\.io(?:\/|$)/.test(name)
        ? 'docker.io'
        : name.replace(/^https?:\/\//, '').replace(/\/.*$/, ''),
    );
  } catch {
    return [];
  }
}

async function secretsOfDefault({ client, namespace }: Place, signal: AbortSignal): Promise<readonly string[]> {
  const address = { resource: resources.serviceAccounts, namespace, name: 'default' };
  const account = await findObject<ServiceAccount>(client, address, signal).catch(unlessForbidden(undefined));
  return (account?.imagePullSecrets ?? []).map(({ name }) => name);
}
