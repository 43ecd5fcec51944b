import type { DeployedModel } from '../core/deployment';

/** Which release of which model. */
export interface FoundRelease {
  readonly targetId: string;
  readonly name: string;
  readonly version: number;
}

/** The releases that run an image, which clusters name by its digest; those that answer come first. */
export function releasesOf(
  models: readonly { readonly targetId: string; readonly models: readonly DeployedModel[] }[],
  digest: string,
): readonly FoundRelease[] {
  const found = models.flatMap(({ targetId, models: ofTarget }) =>
    ofTarget.flatMap(({ name, version: answering, releases }) =>
      releases
        .filter((release) => release.digest === digest)
        .map(({ version }) => ({ targetId, name, version, answers: version === answering })),
    ),
  );
  return found
    .sort((left, right) => Number(right.answers) - Number(left.answers) || right.version - left.version)
    .map(({ targetId, name, version }) => ({ targetId, name, version }));
}
