import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import { inertText } from '../core/inertText';
import type { ImageTarget, ObjectChange, Target } from '../core/target';
import { unifiedDiff } from '../core/unifiedDiff';
import { checkPlace, contentOf, registryMissing } from './deployImage';
import { withSaid, type DeployModelRequest } from './deployModel';
import { inspect } from './inspect';
import { checkedName } from './packageModel';
import { releaseRequest } from './rollOut';
import { openTarget, type Services } from './services';

/** Stands where the digest of an image will be that is not built yet. */
const placeholder = `sha256:${'0'.repeat(64)}`;

/**
 * What a deploy of a project would change on a cluster, as the cluster itself tells it. Nothing is executed, built or
 * written, so what only the build tells is not in it: the digests of image and packages, and memory that training measures.
 * @throws UserError RegistryMissing, UsageInvalid, and as the deploy itself
 */
export async function projectChanges(
  services: Services,
  host: DeployHost,
  request: DeployModelRequest,
  signal: AbortSignal,
): Promise<readonly ObjectChange[]> {
  const target = await openTarget(services, request.target);
  const changes = changesOn(target);
  const { reference } = request.image ?? { reference: undefined };
  if (target.accepts !== 'image' || reference === undefined) throw registryMissing(target.displayName);
  const inspected = await inspect(services, host, { path: request.path, accepts: target.accepts }, signal);
  const project = { ...inspected, config: withSaid(inspected.config, request.config) };
  const name = checkedName(request.name ?? project.name);
  await checkPlace(services, withoutAnswers(host), { target, project, name, request }, signal);
  host.report({
    event: 'finding',
    finding: {
      code: 'ImageNotBuilt',
      severity: 'info',
      message: `The image is not built yet: ${placeholder} stands for its digest. What else the build finds out is left out.`,
    },
  });
  // The values play no part: they are shown to nobody.
  const secrets = Object.fromEntries((project.config.secrets ?? []).map((one) => [one, '']));
  const content = contentOf(project, `${reference.registry}/${reference.repository}@${placeholder}`);
  const origin = { project, digest: placeholder, solved: undefined, resources: project.config.resources };
  return changes(name, await releaseRequest({ ...origin, content, secrets, request }, signal), signal);
}

/** A dry run makes no pull secret, whatever was agreed. */
export function withoutAnswers(host: DeployHost): DeployHost {
  return { ...host, confirmPullSecret: () => Promise.resolve(false) };
}

/** @throws UserError UsageInvalid */
export function changesOn(target: Target): NonNullable<ImageTarget['changes']> {
  if (target.accepts === 'image' && target.changes !== undefined) return target.changes;
  throw new UserError('UsageInvalid', `${target.displayName} cannot tell beforehand what a deploy changes.`);
}

/** A change as `diff -u` tells it, in lines that can only be read. */
export function changeText({ kind, name, before, after }: ObjectChange): string {
  const text = unifiedDiff(before, after, [`now/${kind}/${name}`, `after/${kind}/${name}`]);
  return text.split('\n').map(inertText).join('\n');
}
