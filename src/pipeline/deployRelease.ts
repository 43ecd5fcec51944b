import { healthPath, serverPort } from '../build/image/imageConfig';
import { hostname, userInfo } from 'node:os';
import type { DeployHost } from '../core/deploy';
import { answersAt, type DeployedModel } from '../core/deployment';
import { UserError } from '../core/errors';
import { checkExposure, isSameExposure, type Exposure } from '../core/exposure';
import { formatImageReference, parseImageReference } from '../core/image';
import type {
  DeployIntent,
  DeployRequest,
  ImageContent,
  ImageTarget,
  KeptRelease,
  ObjectChange,
  Secrets,
} from '../core/target';
import { withAddress } from './addressed';
import { discoverTargets } from './discoverTargets';
import { checkedName } from './packageModel';
import { checkPull, platformsOf } from './pullAccess';
import { announce, untilReady } from './rollOut';
import { collectSecrets } from './secrets';
import { openTarget, type Services } from './services';
import { changesOn, withoutAnswers } from './showChanges';
import { step } from './step';

export interface DeployReleaseRequest {
  /** By digest: `HOST/REPOSITORY@sha256:…`, or the digest alone of a release on a target that was deployed to from here. */
  readonly image: string;
  readonly target: string;
  /** The release, where the caller knows it. */
  readonly from?: KeptRelease;
  /** By default as the release is called where it comes from. */
  readonly name?: string;
  readonly replicas?: number;
  readonly port?: number;
  readonly readyTimeoutSeconds?: number;
  /** By default as the model of that name there is reached: how it is where the release comes from is that target's own. */
  readonly exposure?: Exposure;
  /** Whether a registry may be spoken to without encryption. */
  readonly insecure?: (registry: string) => boolean;
}

/**
 * Takes a release to another target by the same digest: nothing is trained, locked or built again.
 * @throws UserError ImageUnknown, TargetTakesNoImages, and those of the target
 */
export async function deployRelease(
  services: Services,
  host: DeployHost,
  request: DeployReleaseRequest,
  signal: AbortSignal,
): Promise<DeployedModel> {
  const { target, release, name, running } = await prepare(services, request, signal);
  const { digest } = release.provenance;
  if (running !== undefined) {
    announce(host, { target, digest }, running, true);
    return running;
  }
  await checkTarget(services, host, { target, release, name, request }, signal);
  const secrets = await collectSecrets(host, release.secretNames, signal);
  const reservation = await target.reserve(name, signal);
  try {
    const model = await step(host, 'deploy', `Starting on ${target.displayName}`, async (progress) => {
      const steps = reservation.deploy(orderOf(release, request, secrets), signal);
      const result = await untilReady(steps, { target, name }, progress);
      return { result, message: answersAt(result) };
    });
    announce(host, { target, digest }, model, false);
    return model;
  } finally {
    await reservation.release();
  }
}

/**
 * What {@link deployRelease} would change on a cluster, as the cluster itself tells it; nothing is written.
 * @throws UserError as deployRelease, and UsageInvalid
 */
export async function releaseChanges(
  services: Services,
  host: DeployHost,
  request: DeployReleaseRequest,
  signal: AbortSignal,
): Promise<readonly ObjectChange[]> {
  const { target, release, name, running } = await prepare(services, request, signal);
  const changes = changesOn(target);
  if (running !== undefined) return [];
  await checkTarget(services, withoutAnswers(host), { target, release, name, request }, signal);
  // The values play no part: they are shown to nobody.
  const secrets = Object.fromEntries(release.secretNames.map((one) => [one, '']));
  return changes(name, orderOf(release, request, secrets), signal);
}

interface Prepared {
  readonly target: ImageTarget;
  readonly release: KeptRelease;
  readonly name: string;
}

/** @returns also the model, where it runs that release already */
async function prepare(
  services: Services,
  request: DeployReleaseRequest,
  signal: AbortSignal,
): Promise<Prepared & { readonly running: DeployedModel | undefined }> {
  const target = await openTarget(services, request.target);
  if (target.accepts !== 'image') throw takesNoImages(target.displayName);
  const found = request.from ?? (await findRelease(services, request.image, signal)) ?? foreignRelease(request);
  const name = checkedName(request.name ?? found.model);
  const model = (await target.models(signal)).find((one) => one.name === name);
  const exposure = request.exposure ?? model?.exposure;
  const release = { ...found, content: { ...found.content, exposure } };
  const isThere = model !== undefined && isSame(model, found.provenance.digest, request);
  return { target, release, name, running: isThere ? await withAddress(target, model, signal) : undefined };
}

/** Whether the target takes the release, for its platform, and its nodes may pull it. */
async function checkTarget(
  services: Services,
  host: DeployHost,
  { target, release, name, request }: Prepared & { readonly request: DeployReleaseRequest },
  signal: AbortSignal,
): Promise<void> {
  await step(host, 'deploy', `Checking ${target.displayName}`, async () => {
    const { content, provenance } = release;
    const { exposure } = content;
    checkExposure(exposure, content.drains);
    const reference = parseImageReference(content.image);
    const isInsecure = request.insecure?.(reference.registry) === true;
    const intent: DeployIntent = {
      name,
      limits: content.limits,
      ...(request.replicas && { replicas: request.replicas }),
      ...(provenance.resources && { resources: provenance.resources }),
      ...(exposure && { exposure }),
      ...(content.network && { network: content.network }),
      ...(content.placement && { placement: content.placement }),
      ...(await platformsOf(services, reference, isInsecure, signal)),
    };
    const { warnings } = await target.preflight(intent, signal);
    for (const finding of warnings) host.report({ event: 'finding', finding });
    await checkPull(services, host, { target, reference, insecure: isInsecure }, signal);
    return { result: undefined, message: `${target.displayName} takes models` };
  });
}

function orderOf(
  { content, provenance, ...kept }: KeptRelease,
  { replicas, port, readyTimeoutSeconds = kept.readyTimeoutSeconds }: DeployReleaseRequest,
  secrets: Secrets,
): DeployRequest<ImageContent> {
  return { content, provenance, replicas, port, readyTimeoutSeconds, secrets };
}

/** The release of that image on one of the targets that were deployed to from this machine. */
async function findRelease(services: Services, image: string, signal: AbortSignal): Promise<KeptRelease | undefined> {
  const targets = await discoverTargets(services.context, signal);
  const found = await Promise.allSettled(
    targets.flatMap((target) => (target.accepts === 'image' ? [releaseOn(target, image, signal)] : [])),
  );
  signal.throwIfAborted();
  return found.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []))[0];
}

async function releaseOn(target: ImageTarget, image: string, signal: AbortSignal): Promise<KeptRelease | undefined> {
  const digest = image.replace(/^.*@/, '');
  for (const model of await target.models(signal)) {
    const release = model.releases.find((one) => one.digest === digest && one.status !== 'failed');
    if (release === undefined) continue;
    const kept = await target.readRelease?.(model.name, release.version, signal);
    if (kept === undefined) continue;
    if (image === digest || kept.content.image === image) return kept;
    // The same image, pushed to another repository as well: that is the one to pull.
    return { ...kept, content: { ...kept.content, image } };
  }
  return undefined;
}

/** Of an image that no target of ours knows: it is one of Slipway's, or behaves as they do. */
function foreignRelease({ image, name }: DeployReleaseRequest): KeptRelease {
  const reference = /^sha256:[0-9a-f]{64}$/.test(image) ? undefined : parseImageReference(image);
  if (reference?.digest === undefined) {
    throw new UserError(
      'ImageUnknown',
      `There is no release of the image ${image} on a target that this machine knows.`,
      {
        remedy: { kind: 'hint', label: 'Name it in full: HOST/REPOSITORY@sha256:…' },
      },
    );
  }
  const content = { image: formatImageReference(reference), port: serverPort, health: healthPath, drains: true };
  return {
    model: name ?? reference.repository.replace(/^.*\//, ''),
    version: 0,
    content: { kind: 'image', ...content, limits: {} },
    provenance: {
      createdAt: new Date().toISOString(),
      createdBy: `${userInfo().username}@${hostname()}`,
      digest: reference.digest,
      lock: '',
      notebook: null,
      git: null,
      project: '',
      python: '',
    },
    port: 80,
    readyTimeoutSeconds: 300,
    secretNames: [],
  };
}

function isSame(model: DeployedModel, digest: string, { port, replicas, exposure }: DeployReleaseRequest): boolean {
  const release = model.releases.find((one) => one.version === model.version);
  const wanted = replicas ?? model.replicas.desired;
  if (exposure !== undefined && !isSameExposure(exposure, model.exposure)) return false;
  return (
    model.phase === 'Ready' && port === undefined && wanted === model.replicas.desired && release?.digest === digest
  );
}

function takesNoImages(target: string): UserError {
  return new UserError('TargetTakesNoImages', `${target} runs projects, not images.`, {
    remedy: { kind: 'hint', label: 'Name a cluster: --target kubernetes:CONTEXT/NAMESPACE.' },
  });
}
