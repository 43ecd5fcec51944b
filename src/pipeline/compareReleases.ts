import { UserError } from '../core/errors';
import type { KeptRelease, Target } from '../core/target';

/** One thing in which two releases may differ; undefined where a release says nothing of it. */
export interface ReleaseDifference {
  readonly what: string;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export interface ReleaseComparison {
  readonly left: KeptRelease;
  readonly right: KeptRelease;
  readonly differences: readonly ReleaseDifference[];
}

/** What changed between two releases of a model. @throws UserError ReleaseMissing, UsageInvalid */
export async function compareReleases(
  target: Target,
  model: string,
  [left, right]: readonly [number, number],
  signal: AbortSignal,
): Promise<ReleaseComparison> {
  const read = target.accepts === 'image' ? target.readRelease : undefined;
  if (read === undefined) throw new UserError('UsageInvalid', `${target.displayName} cannot compare releases.`);
  const [one, other] = await Promise.all([read(model, left, signal), read(model, right, signal)]);
  return { left: one, right: other, differences: differencesOf(one, other) };
}

export function differencesOf(left: KeptRelease, right: KeptRelease): readonly ReleaseDifference[] {
  const [one, other] = [new Map(factsOf(left)), new Map(factsOf(right))];
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((what) => {
    const [before, after] = [one.get(what), other.get(what)];
    return before === after ? [] : [{ what, left: before, right: after }];
  });
}

/** A release as lines that a diff can compare. */
export function describeRelease(release: KeptRelease): string {
  return factsOf(release)
    .map(([what, value]) => `${what}: ${value ?? '-'}\n`)
    .join('');
}

type Fact = readonly [what: string, value: string | undefined];

function factsOf({ content, provenance, port, secretNames, readyTimeoutSeconds }: KeptRelease): readonly Fact[] {
  const { notebook, git, resources = {} } = provenance;
  return [
    ['image', content.image],
    ['packages', filled(provenance.lock)],
    ['python', filled(provenance.python)],
    ['notebook', notebook?.path],
    ['notebook content', notebook?.sha256],
    ['commit', git?.commit],
    ['branch', git?.branch],
    ['uncommitted changes', git === null ? undefined : git.dirty ? 'yes' : 'no'],
    ['project', filled(provenance.project)],
    ['memory', resources.memory],
    ['memory limit', content.limits.memory],
    ['cpu', resources.cpu],
    ['gpu', resources.gpu],
    ['port', String(port)],
    ['port inside', String(content.port)],
    ['health path', content.health],
    ['ready within', `${String(readyTimeoutSeconds)} s`],
    ['secrets', filled(secretNames.join(', '))],
    ['made', provenance.createdAt],
    ['made by', provenance.createdBy],
    ...packagesOf(provenance),
  ];
}

function packagesOf({ packages = {} }: KeptRelease['provenance']): readonly Fact[] {
  return Object.keys(packages)
    .sort()
    .map((name) => [`package ${name}`, packages[name]]);
}

function filled(text: string): string | undefined {
  return text === '' ? undefined : text;
}
