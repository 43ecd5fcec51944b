import type { Leftover } from '../../../core/target';
import { goodRelease } from './halfMade';
import type { Deployment } from '../objects';
import type { ReleaseSpec, StoredRelease } from '../state/release';
import { isComplete } from '../rollout/rollout';
import { releaseOf, runBy } from '../state/state';

/** All that there is of one model. */
export interface Remains {
  readonly model: string;
  readonly deployment: Deployment | undefined;
  readonly releases: readonly StoredRelease[];
  /** Releases of which only the values of their secrets are there. */
  readonly lostSecrets: readonly string[];
  /** Whether there are objects besides: a Service, an account, a secret. */
  readonly hasOthers: boolean;
  /** Whether there is a Service. */
  readonly hasService: boolean;
  /** Of a holder that may have died. */
  readonly hasLease: boolean;
}

/** How a model is brought to a state that somebody wanted. */
export type Cure =
  /** Notes that the release that answers came to its end. */
  | { readonly kind: 'finish'; readonly release: ReleaseSpec }
  | { readonly kind: 'goBack'; readonly release: ReleaseSpec }
  /** The release that runs failed, and there is none before it. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'remove' }
  /** Only what {@link orphans} tells, and the lease. */
  | { readonly kind: 'forget' };

/** Undefined where nothing is half made. */
export function cureFor(remains: Remains): Cure | undefined {
  const { deployment, releases, hasService, hasOthers } = remains;
  if (deployment === undefined && (releases.length > 0 || hasOthers)) return { kind: 'remove' };
  if (deployment !== undefined && !hasService) return { kind: 'remove' };
  const current = runBy(deployment, releases);
  const cure = current && deployment && cureForRelease(current, deployment, releases);
  return cure ?? (hasTraces(remains) ? { kind: 'forget' } : undefined);
}

function hasTraces(remains: Remains): boolean {
  return remains.hasLease || remains.lostSecrets.length > 0 || orphans(remains).length > 0;
}

function cureForRelease(
  current: StoredRelease,
  deployment: Deployment,
  releases: readonly StoredRelease[],
): Cure | undefined {
  if (current.outcome === 'ready') return undefined;
  if (current.outcome === undefined && isComplete(deployment)) return { kind: 'finish', release: current.spec };
  const release = goodRelease(releases, current, deployment);
  if (release !== undefined) return { kind: 'goBack', release };
  if (current.outcome === undefined) return { kind: 'remove' };
  return (deployment.spec.replicas ?? 1) === 0 ? undefined : { kind: 'stop' };
}

/** Releases that never came to their end, but for the one that runs. */
export function orphans({ deployment, releases }: Pick<Remains, 'deployment' | 'releases'>): readonly StoredRelease[] {
  const current = deployment === undefined ? undefined : releaseOf(deployment);
  return releases.filter((one) => one.outcome === undefined && one.spec.version !== current);
}

/** A leftover in words. */
export function describe(remains: Remains, cure: Cure): Leftover {
  const { model, deployment } = remains;
  const version = deployment === undefined ? '' : String(releaseOf(deployment));
  switch (cure.kind) {
    case 'finish':
      return {
        model,
        found: `Release ${version} answers, but its deploy was cut off before it was noted.`,
        cure: `Release ${version} is kept.`,
      };
    case 'goBack':
      return {
        model,
        found: `Release ${version} is not ready, and its deploy was cut off.`,
        cure: `Release ${String(cure.release.version)} is put back.`,
      };
    case 'stop':
      return { model, found: `Release ${version} failed and was left running.`, cure: 'It is stopped.' };
    case 'remove':
      return { model, found: 'Its first deploy or its removal was cut off.', cure: 'What is left of it is removed.' };
    case 'forget':
      return { model, found: forgotten(remains), cure: 'The traces are removed; what runs stays as it is.' };
  }
}

function forgotten(remains: Remains): string {
  const versions = orphans(remains).map((one) => String(one.spec.version));
  return versions.length === 0
    ? 'A change of it was cut off before anything was made.'
    : `The deploy of release ${versions.join(', ')} was cut off before it was started.`;
}
