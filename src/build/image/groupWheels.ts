import { createHash } from 'node:crypto';

/** What grouping needs to know of a wheel. */
export interface SizedWheel {
  readonly distribution: string;
  readonly size: number | undefined;
}

/** From this size on a wheel has a layer of its own, and only so many of them: runtimes stop at about 127 layers. */
const ownLayerBytes = 2 * 1024 * 1024;
const mostOwnLayers = 30;
/** Small wheels share this many layers. */
const groups = 6;

/**
 * Which wheels share a layer. A small wheel's group depends on nothing but its name, so adding or updating one changes
 * one group at most; a large one changes its own layer only.
 */
export function groupWheels<W extends SizedWheel>(wheels: readonly W[]): readonly (readonly W[])[] {
  const byName = [...wheels].sort((left, right) => (left.distribution < right.distribution ? -1 : 1));
  const large = byName
    .filter((wheel) => (wheel.size ?? 0) >= ownLayerBytes)
    .sort((left, right) => (right.size ?? 0) - (left.size ?? 0))
    .slice(0, mostOwnLayers);
  const small = byName.filter((wheel) => !large.includes(wheel));
  const shared = Array.from({ length: groups }, (_, group) => small.filter((wheel) => groupOf(wheel) === group));
  return [...large.map((wheel) => [wheel]), ...shared].filter((group) => group.length > 0);
}

function groupOf({ distribution }: SizedWheel): number {
  return createHash('sha256').update(distribution).digest().readUInt32BE(0) % groups;
}
