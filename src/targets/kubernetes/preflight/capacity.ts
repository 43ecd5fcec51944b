import { listObjects } from '../../../clients/kubernetes/change';
import { resources, type KubeObject, type Resource } from '../../../clients/kubernetes/objects';
import { UserError } from '../../../core/errors';
import { quantity } from '../../../core/quantity';
import type { DeployIntent } from '../../../core/target';
import type { Place } from '../place';
import { unlessForbidden } from '../unlessForbidden';

type Amounts = Readonly<Record<string, string>>;

interface Quota extends KubeObject {
  readonly spec?: {
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeExpression[] };
  };
  readonly status?: { readonly hard?: Amounts; readonly used?: Amounts };
}

interface ScopeExpression {
  readonly scopeName: string;
  readonly operator: string;
}

interface LimitRange extends KubeObject {
  readonly spec?: { readonly limits?: readonly Limit[] };
}

interface Limit {
  readonly type: string;
  readonly max?: Amounts;
  readonly min?: Amounts;
  readonly default?: Amounts;
  readonly defaultRequest?: Amounts;
}

/** What a pod asks for, by the names of Kubernetes; absent where it says nothing. */
export interface Asked {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

export function askedBy({ resources: need = {}, limits: most = {} }: DeployIntent): Asked {
  const { cpu, memory, gpu, devices = {} } = need;
  const given = (name: string, value: string | undefined): Amounts => (value === undefined ? {} : { [name]: value });
  const counts = Object.fromEntries(Object.entries(devices).map(([name, count]) => [name, String(count)]));
  const limits = { ...given('memory', most.memory), ...given('nvidia.com/gpu', gpu), ...counts };
  // What is limited and not requested is requested as it is limited.
  return { requests: { ...limits, ...given('cpu', cpu), ...given('memory', memory) }, limits };
}

/**
 * Whether the namespace would take the pods of a release, as far as the user may know.
 * @param isNew whether all replicas come anew; else one more pod runs while they are replaced
 * @throws UserError QuotaExceeded, LimitRangeExceeded
 */
export async function checkCapacity(
  place: Place,
  intent: DeployIntent,
  isNew: boolean,
  signal: AbortSignal,
): Promise<void> {
  const [ranges, quotas] = await Promise.all([
    listIfAllowed<LimitRange>(place, resources.limitRanges, signal),
    listIfAllowed<Quota>(place, resources.resourceQuotas, signal),
  ]);
  const limits = ranges.flatMap(({ spec }) => spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const asked = withDefaults(askedBy(intent), limits);
  const outside = outsideOf(asked, limits);
  if (outside !== undefined) throw exceeded({ code: 'LimitRangeExceeded', who: 'A LimitRange' }, place, outside);
  for (const quota of quotas) {
    if (!countsPods(quota, asked)) continue;
    const problem = shortOf(quota, asked, isNew ? (intent.replicas ?? 1) : 1, isNew);
    if (problem !== undefined)
      throw exceeded({ code: 'QuotaExceeded', who: `The quota ${quota.metadata.name}` }, place, problem);
  }
}

function listIfAllowed<T extends KubeObject>(
  { client, namespace }: Place,
  resource: Resource,
  signal: AbortSignal,
): Promise<readonly T[]> {
  return listObjects<T>(client, { resource, namespace }, '', signal).catch(unlessForbidden([]));
}

/** What admission fills in where a pod says nothing. */
function withDefaults({ requests, limits }: Asked, ranges: readonly Limit[]): Asked {
  const filled = Object.assign({}, ...ranges.map((one) => one.default ?? {}), limits) as Amounts;
  const defaults = ranges.map((one) => ({ ...one.default, ...one.defaultRequest }));
  return { limits: filled, requests: Object.assign({}, ...defaults, requests) as Amounts };
}

function outsideOf(asked: Asked, ranges: readonly Limit[]): string | undefined {
  const problems = ranges.flatMap(({ max = {}, min = {} }) => [...aboveOf(asked, max), ...belowOf(asked, min)]);
  return problems[0];
}

function aboveOf({ requests, limits }: Asked, max: Amounts): readonly string[] {
  return Object.entries(max).flatMap(([name, most]) => {
    const asked = limits[name] ?? requests[name];
    const fits = asked === undefined || quantity(asked) <= quantity(most);
    return fits ? [] : [`allows at most ${most} of ${name}, and a replica needs ${asked}`];
  });
}

function belowOf({ requests }: Asked, min: Amounts): readonly string[] {
  return Object.entries(min).flatMap(([name, least]) => {
    const asked = requests[name];
    const fits = asked === undefined || quantity(asked) >= quantity(least);
    return fits ? [] : [`wants at least ${least} of ${name}, and a replica asks for ${asked}`];
  });
}

/**
 * Whether a quota counts the pods of a release. Those have no deadline and no priority class.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes
 */
export function countsPods({ spec }: Pick<Quota, 'spec'>, { requests, limits }: Asked): boolean {
  const isBestEffort = !['cpu', 'memory'].some((name) => name in requests || name in limits);
  const counts = (scope: string, operator: string): boolean => {
    if (scope === 'PriorityClass') return operator === 'NotIn' || operator === 'DoesNotExist';
    if (scope === 'BestEffort') return isBestEffort;
    if (scope === 'NotBestEffort') return !isBestEffort;
    return scope === 'NotTerminating';
  };
  const selected = spec?.scopeSelector?.matchExpressions ?? [];
  return (
    (spec?.scopes ?? []).every((scope) => counts(scope, 'Exists')) &&
    selected.every(({ scopeName, operator }) => counts(scopeName, operator))
  );
}

/** Objects of a first deploy that quotas count. */
const madeOnce = ['services', 'deployments.apps', 'serviceaccounts'];

function shortOf({ status }: Quota, asked: Asked, pods: number, isNew: boolean): string | undefined {
  const { hard = {}, used = {} } = status ?? {};
  for (const [name, most] of Object.entries(hard)) {
    const more = neededOf(name, asked, pods, isNew);
    if (more === 'unsaid') return `wants every pod to say its ${name}, and the project does not`;
    const left = quantity(most) - quantity(used[name]);
    if (more > 0 && more > left)
      return `has ${used[name] ?? '0'} of ${most} ${name} in use, and the deploy needs ${shown(more, name)} more`;
  }
  return undefined;
}

function neededOf(name: string, asked: Asked, pods: number, isNew: boolean): number | 'unsaid' {
  const [, kind, resource] = /^(?:(requests|limits)\.)?(cpu|memory|nvidia\.com\/gpu)$/.exec(name) ?? [];
  if (resource === undefined) return objectsOf(name, pods, isNew);
  const each = (kind === 'limits' ? asked.limits : asked.requests)[resource];
  if (each !== undefined) return quantity(each) * pods;
  return resource === 'nvidia.com/gpu' ? 0 : 'unsaid';
}

function objectsOf(name: string, pods: number, isNew: boolean): number {
  const kind = name.replace(/^count\//, '');
  if (kind === 'pods') return pods;
  if (kind === 'configmaps') return 1;
  return isNew && madeOnce.includes(kind) ? 1 : 0;
}

function shown(amount: number, name: string): string {
  return name.includes('memory') ? `${String(Math.ceil(amount / 2 ** 20))}Mi` : String(Number(amount.toFixed(3)));
}

function exceeded(
  { code, who }: { readonly code: string; readonly who: string },
  { client, namespace }: Place,
  what: string,
): UserError {
  return new UserError(code, `${who} in ${namespace} of ${client.context.name} ${what}.`, {
    remedy: {
      kind: 'hint',
      label: 'Change resources in slipway.yaml, remove what is not needed, or ask who runs the cluster.',
    },
  });
}
