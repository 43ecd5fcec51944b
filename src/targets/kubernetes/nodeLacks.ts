import type { KubeObject } from '../../clients/kubernetes/objects';
import { inertText } from '../../core/inertText';
import type { Placement, Toleration } from '../../core/placement';
import { quantity } from '../../core/quantity';

export interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] };
  readonly status?: {
    readonly nodeInfo?: { readonly architecture?: string };
    readonly allocatable?: Amounts;
  };
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

type Amounts = Readonly<Record<string, string>>;

/** What keeps a pod from a node, though the node were empty. */
export interface Lacks {
  /** Labels that are asked for, and taints that are not tolerated, in words. */
  readonly words: readonly string[];
  /** Of what is asked for. 1 where the node has enough of everything. */
  readonly share: number;
}

/** What the pods of a release ask of a node. */
export interface Wish {
  readonly requests: Amounts;
  readonly placement: Placement;
}

export function lacksOf(node: Node, { requests, placement }: Wish): Lacks {
  const { metadata, spec = {}, status = {} } = node;
  const labels = metadata.labels ?? {};
  const missing = Object.entries(placement.nodeSelector ?? {}).filter(([name, value]) => labels[name] !== value);
  const taints = (spec.taints ?? []).filter((taint) => keepsAway(taint, placement.tolerations ?? []));
  const { allocatable = {} } = status;
  return {
    words: [
      ...shortages(requests, (name) => allocatable[name] ?? '0'),
      ...missing.map(([name, value]) => `lacks the label ${name}=${value}`),
      ...taints.map((taint) => `has the taint ${taintText(taint)}, which the model does not tolerate`),
    ],
    share: shareOf(requests, (name) => quantity(allocatable[name])),
  };
}

/** What there is too little of. */
function shortages(requests: Amounts, has: (name: string) => string): readonly string[] {
  const short = Object.entries(requests).filter(([name, amount]) => quantity(has(name)) < quantity(amount));
  const parts = short.map(([name, amount]) => `${readable(has(name))} of ${amount} ${name}`);
  return parts.length === 0 ? [] : [`has ${parts.join(' and ')}`];
}

/** The least share of any amount that is asked for. */
function shareOf(requests: Amounts, has: (name: string) => number): number {
  return Math.min(1, ...Object.entries(requests).map(([name, amount]) => has(name) / Math.max(quantity(amount), 1e-9)));
}

/**
 * Whether a taint keeps pods away. Those by which a node tells its state pass with it.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function keepsAway(taint: Taint, tolerations: readonly Toleration[]): boolean {
  if (taint.effect === 'PreferNoSchedule' || taint.key.startsWith('node.kubernetes.io/')) return false;
  return !tolerations.some((one) => tolerates(one, taint));
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key === undefined) return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
}

function taintText({ key, value, effect }: Taint): string {
  return inertText(`${key}${value === undefined || value === '' ? '' : `=${value}`}:${effect}`);
}

/** What is free on a node is too little of: in words; undefined where there is room. */
export function noRoom(
  { status }: Node,
  requests: Amounts,
  used: (name: string) => number,
): { readonly words: string; readonly share: number } | undefined {
  const free = (name: string): number => Math.max(0, quantity(status?.allocatable?.[name]) - used(name));
  const share = shareOf(requests, free);
  if (share >= 1) return undefined;
  const parts = Object.entries(requests)
    .filter(([name, amount]) => free(name) < quantity(amount))
    .map(([name, amount]) => `${freeText(free(name), name)} of ${amount} ${name}`);
  return { words: parts.join(' and '), share };
}

function freeText(amount: number, name: string): string {
  return name === 'memory' ? `${String(Math.floor(amount / 2 ** 20))}Mi` : String(Number(amount.toFixed(3)));
}

/** Kubelets tell memory in Ki. */
function readable(amount: string): string {
  return amount.endsWith('Ki') ? `${String(Math.floor(quantity(amount) / 2 ** 20))}Mi` : amount;
}
