import { quantity } from './quantity';

/** What one replica of a model needs, in the quantities of Kubernetes: `500m` cores, `384Mi` of memory. */
export interface ResourceNeed {
  readonly cpu?: string;
  readonly memory?: string;
  readonly gpu?: string;
  /** Other devices by the name of their resource, such as `nvidia.com/mig-1g.5gb`. */
  readonly devices?: Readonly<Record<string, number>>;
  /** Size of `/dev/shm`, which counts as memory of the replica. */
  readonly sharedMemory?: string;
}

const mebi = 2 ** 20;

/** How much more than what was seen at verification a replica is given. */
const reserve = 1.5;

/** What the project asks for; without a figure for memory, one and a half times the peak when the snapshot was verified. */
export function resourceNeed(
  wanted: ResourceNeed | undefined,
  peakMemory: number | null | undefined,
): ResourceNeed | undefined {
  const seen = typeof peakMemory === 'number' && peakMemory > 0 ? { memory: memoryQuantity(peakMemory * reserve) } : {};
  const need = { ...seen, ...wanted };
  return Object.keys(need).length === 0 ? undefined : need;
}

/** Rounded up in steps of 64 Mi, over 2 Gi of 256 Mi: a training that takes a little more memory than the last changes nothing. */
export function memoryQuantity(bytes: number): string {
  const step = bytes > 2048 * mebi ? 256 : 64;
  return `${String(Math.ceil(bytes / mebi / step) * step)}Mi`;
}

/** Bytes of a quantity such as `384Mi`, `2G` or `1.5Gi`; undefined when it is none. */
export function quantityBytes(text: string): number | undefined {
  return /^\d+(?:\.\d+)?(?:[KMGT]i|[kMGT])?$/.test(text.trim()) ? quantity(text) : undefined;
}
