import type { DeployedModel } from '../core/deployment';

/** Which release of which model. */
export interface FoundRelease {
  readonly targetId: string;
  readonly name: string;
  readonly version: number;
}

/**
 * The releases that run an image, those that answer first. Clusters name it by its digest, this machine the bundle that
 * it runs and the image holds.
 */
export function releasesOf(
  models: readonly { readonly targetId: string; readonly models: readonly DeployedModel[] }[],
  image: { readonly digest: string; readonly bundle?: string },
): readonly FoundRelease[] {
  const found = models.flatMap(({ targetId, models: ofTarget }) =>
    ofTarget.flatMap(({ name, version: answering, releases }) =>
      releases
        .filter(({ digest }) => digest === image.digest || digest === image.bundle)
        .map(({ version }) => ({ targetId, name, version, answers: version === answering })),
    ),
  );
  return found
    .sort((left, right) => Number(right.answers) - Number(left.answers) || right.version - left.version)
    .map(({ targetId, name, version }) => ({ targetId, name, version }));
}
