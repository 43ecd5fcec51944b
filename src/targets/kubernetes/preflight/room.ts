import type { KubeObject } from '../../../clients/kubernetes/objects';
import { inertText } from '../../../core/inertText';
import { quantity } from '../../../core/quantity';

/** What deciding where a pod may run needs of a node. */
export interface NodeWithRoom extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** What a pod wants of the node that takes it. */
export interface Wanted {
  /** By resource name, in cores, bytes or whole devices. */
  readonly requests: Readonly<Record<string, number>>;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** Required node affinity: one of the terms must hold. */
  readonly terms?: readonly Term[];
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface Term {
  readonly matchExpressions?: readonly Expression[];
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** How a node fails a pod: what is short, and what else speaks against it. */
export interface Misfit {
  readonly node: string;
  /** `1 of 4 nvidia.com/gpu free` */
  readonly short: readonly string[];
  /** `the taint gpu=only:NoSchedule` */
  readonly against: readonly string[];
  /** 1 where everything is there; the least share of anything that is short. */
  readonly share: number;
}

/**
 * What keeps a node from taking a pod, by the rules of the scheduler that look at one node alone: resources, cordon, taints,
 * selector and required affinity. Volumes, ports and how pods are spread are not looked at.
 * @param taken what the pods of the node ask for already, by resource name; empty for an empty node
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/
 */
export function misfitOf(node: NodeWithRoom, wanted: Wanted, taken: Readonly<Record<string, number>>): Misfit {
  const all = Object.entries(wanted.requests).filter(([, amount]) => amount > 0);
  const free = (name: string): number => Math.max(0, quantity(node.status?.allocatable?.[name]) - (taken[name] ?? 0));
  // Sums of tenths are a little less than they should be.
  const short = all.filter(([name, amount]) => free(name) < amount * (1 - 1e-9));
  return {
    node: node.metadata.name,
    short: short.map(([name, amount]) => `${shown(name, free(name))} of ${shown(name, amount)} ${name} free`),
    against: [...cordon(node), ...taints(node, wanted.tolerations ?? []), ...labels(node, wanted)],
    share: Math.min(1, ...short.map(([name, amount]) => free(name) / amount)),
  };
}

/**
 * The nearest first. A node that has nothing at all of what is asked for never takes the pod; a taint may be tolerated, and
 * room may come.
 */
export function byNearness(left: Misfit, right: Misfit): number {
  return (
    Number(left.share === 0) - Number(right.share === 0) ||
    left.against.length - right.against.length ||
    right.share - left.share
  );
}

/** What a node has too little of and what speaks against it, behind its name; empty where it would take the pod. */
export function misfitText({ short, against }: Pick<Misfit, 'short' | 'against'>): string {
  const parts = [
    ...(short.length === 0 ? [] : [`has ${short.join(' and ')}`]),
    ...(against.length === 0 ? [] : [`is barred by ${against.join(' and ')}`]),
  ];
  return inertText(parts.join(' and '));
}

function cordon({ spec }: NodeWithRoom): readonly string[] {
  return spec?.unschedulable === true ? ['being cordoned'] : [];
}

function taints({ spec }: NodeWithRoom, tolerations: readonly Toleration[]): readonly string[] {
  return (spec?.taints ?? [])
    .filter(({ key, effect }) => effect !== 'PreferNoSchedule' && key !== 'node.kubernetes.io/unschedulable')
    .filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)))
    .map(({ key, value, effect }) => `the taint ${[key, given(value)].filter(Boolean).join('=')}:${effect}`);
}

/** An empty key tolerates every taint, an empty effect every effect. */
function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  const isAbout = (text: string | undefined, own: string): boolean => given(text) === undefined || text === own;
  if (!isAbout(effect, taint.effect) || !isAbout(key, taint.key)) return false;
  return operator === 'Exists' || (given(key) !== undefined && given(value) === given(taint.value));
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function labels({ metadata }: NodeWithRoom, { nodeSelector = {}, terms = [] }: Wanted): readonly string[] {
  const has = metadata.labels ?? {};
  const missing = Object.entries(nodeSelector).filter(([name, value]) => has[name] !== value);
  const isAway = terms.length > 0 && !terms.some((term) => holds(term, has));
  return [
    ...missing.map(([name, value]) => `the missing label ${name}=${value}`),
    ...(isAway ? ['its node affinity'] : []),
  ];
}

/** Whether labels meet all expressions of a selector. */
export function holds({ matchExpressions = [] }: Term, has: Readonly<Record<string, string>>): boolean {
  return matchExpressions.every((expression) => isMet(expression, has[expression.key]));
}

function isMet({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return true;
  }
}

/** Memory in mebibytes, as people write it. */
function shown(name: string, amount: number): string {
  if (!/^(memory|ephemeral-storage|hugepages-.*)$/.test(name)) return String(Number(amount.toFixed(2)));
  return `${String(Math.floor(amount / 2 ** 20))}Mi`;
}
