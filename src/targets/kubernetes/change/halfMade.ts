import { isUserError, UserError } from '../../../core/errors';
import type { Subject } from '../subject';
import type { Deployment } from '../objects';
import type { ReleaseSpec, StoredRelease } from '../state/release';
import { isComplete } from '../rollout/rollout';

/** For putting things back as they were, after the user has given up or the cluster went away. */
const undoMs = 60_000;

/**
 * Puts things back after a change came to nothing.
 * @param why the change came to nothing
 * @throws UserError LeftHalfMade when that cannot be done, and NamespaceMissing when there is nothing to put back
 */
export async function orSayWhatIsLeft(
  subject: Subject,
  why: unknown,
  putBack: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  try {
    await putBack(AbortSignal.timeout(undoMs));
  } catch (error) {
    if (isUserError(error) && error.code === 'NamespaceMissing') throw error;
    throw leftHalfMade(subject, why, error);
  }
}

function leftHalfMade({ model, targetId }: Subject, why: unknown, error: unknown): UserError {
  const what = isUserError(why) ? why.message : `The change of ${model} was cancelled.`;
  const still = isUserError(error) ? error.message : 'The cluster did not answer in time.';
  return new UserError('LeftHalfMade', `${what} It could not be taken back, too: ${still}`, {
    cause: why,
    remedy: {
      kind: 'hint',
      label: `Choose Clean Up in the Models view, or run: slipway cleanup --target ${targetId}`,
    },
    ...(isUserError(why) ? { location: why.location, details: { ...why.details, first: why.code } } : {}),
  });
}

/** What is gone back to when a change fails: the release that answers now, or the last that did. */
export function goodRelease(
  known: readonly StoredRelease[],
  current: StoredRelease | undefined,
  deployment: Deployment | undefined,
): ReleaseSpec | undefined {
  if (current === undefined || deployment === undefined) return undefined;
  if (current.outcome === 'ready' || (current.outcome === undefined && isComplete(deployment))) return current.spec;
  return known.findLast((one) => one.outcome === 'ready' && one.spec.version < current.spec.version)?.spec;
}
