import { Registry } from '../clients/registry/connection';
import { readSummary } from '../clients/registry/browse';
import { pullScope } from '../clients/registry/pull';
import { findCredentials } from '../clients/registry/dockerConfig';
import type { DeployHost } from '../core/deploy';
import { isUserError } from '../core/errors';
import type { ImageReference, Platform } from '../core/image';
import type { ImageTarget, PullCredential } from '../core/target';
import type { Services } from './services';

const patienceMs = 8000;

/**
 * Sees to it that the nodes of a target may pull an image: everybody may, or the target has a secret for it, or the user
 * lets it have this machine's credential. What cannot be told from here is no finding.
 */
export async function checkPull(
  services: Services,
  host: DeployHost,
  { target, reference, insecure }: PullCheck,
  signal: AbortSignal,
): Promise<void> {
  const { registry, repository } = reference;
  if (target.pullSecrets === undefined || (await mayAnybodyPull(reference, insecure, signal))) return;
  if ((await target.pullSecrets(registry, signal)).length > 0) return;
  const credential = await ownCredential(services, registry, signal);
  if (credential !== undefined && (await isAgreed(host, target, registry, credential, signal))) {
    const name = await target.createPullSecret?.(registry, credential, signal);
    const text = `The pull secret ${name ?? ''} holds the credential of ${credential.username} for ${registry}`;
    host.report({ event: 'output', source: 'deploy', text });
    return;
  }
  const message =
    `The nodes of ${target.displayName} may not be able to pull ${registry}/${repository}: not everybody may, ` +
    `and there is no pull secret for ${registry}. ${adviceFor(credential, registry)}`;
  host.report({ event: 'finding', finding: { code: 'PullSecretMissing', severity: 'warning', message } });
}

interface PullCheck {
  readonly target: ImageTarget;
  readonly reference: ImageReference;
  readonly insecure: boolean;
}

async function isAgreed(
  host: DeployHost,
  { displayName }: ImageTarget,
  registry: string,
  { username }: PullCredential,
  signal: AbortSignal,
): Promise<boolean> {
  return (await host.confirmPullSecret?.({ target: displayName, registry, username }, signal)) === true;
}

function adviceFor(credential: PullCredential | undefined, registry: string): string {
  return credential === undefined
    ? `Ask who runs the cluster for one, or log in with docker login ${registry}.`
    : `Deploy with --create-pull-secret to let them use the credential of ${credential.username}.`;
}

/**
 * What an image runs on, asked of its registry. Nothing where that cannot be told from here.
 * @throws UserError ImageNotFound, which nodes would not find either
 */
export async function platformsOf(
  { credentials }: Services,
  reference: ImageReference,
  insecure: boolean,
  signal: AbortSignal,
): Promise<{ readonly platforms?: readonly Platform[] }> {
  const registry = new Registry(reference.registry, { insecure, ...(credentials && { credentials }) });
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    const { platforms } = await readSummary(registry, reference, noDocuments, soon);
    return platforms.length === 0 ? {} : { platforms };
  } catch (error) {
    signal.throwIfAborted();
    if (isUserError(error) && error.code === 'ImageNotFound') throw error;
    return {};
  }
}

const noDocuments = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };

/** True also where the registry does not answer from here. */
async function mayAnybodyPull(
  { registry, repository }: ImageReference,
  insecure: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const credentials = () => Promise.resolve({ kind: 'anonymous' as const });
  const path = `/v2/${repository}/tags/list?n=1`;
  const request = {
    method: 'GET' as const,
    path,
    scopes: [pullScope(repository)],
    what: `pull ${repository}`,
    once: true,
  };
  const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    await new Registry(registry, { insecure, credentials }).read({ ...request, expect: [200, 404] }, soon);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return !isUserError(error) || !/^Registry(?:Unauthorized|Denied)$/.test(error.code);
  }
}

/** The user name and password with which this machine speaks to a registry: nodes can use nothing else. */
async function ownCredential(
  { credentials }: Services,
  registry: string,
  signal: AbortSignal,
): Promise<PullCredential | undefined> {
  const found = (await credentials?.(registry, signal)) ?? (await findCredentials(registry, signal));
  return found.kind === 'password' ? found : undefined;
}
