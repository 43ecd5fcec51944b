import type { Amounts, NodeRow } from '../../core/cluster';
import type { Translate } from '../node';

/** Resource names of whole GPUs, with what tells those of one maker from others. */
const makers: Readonly<Record<string, string>> = {
  'nvidia.com/gpu': '',
  'amd.com/gpu': 'AMD ',
  'gpu.intel.com/i915': 'Intel ',
  'gpu.intel.com/xe': 'Intel ',
};

/** A device in words, by its resource name: a GPU, a MIG slice of one, a share of one; others keep their name. */
export function deviceName(resource: string, count: number, t: Translate): string {
  const maker = makers[resource];
  if (maker !== undefined) return maker + (count === 1 ? t('GPU') : t('GPUs'));
  if (resource === 'nvidia.com/gpu.shared') return count === 1 ? t('share of a GPU') : t('shares of GPUs');
  const [, slice] = /^nvidia\.com\/mig-(.+)$/.exec(resource) ?? [];
  if (slice !== undefined) return count === 1 ? t('MIG slice {0}', slice) : t('MIG slices {0}', slice);
  return resource;
}

/**
 * The devices of a node or a pod in words.
 * @param gpu what is known of the node's GPUs
 */
export function deviceWords({ devices }: Amounts, t: Translate, gpu: NodeRow['gpu'] = {}): readonly string[] {
  const words = Object.entries(devices)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => wordsOf(name, count, gpu.sharedBy, t));
  return words.length === 0 || gpu.product === undefined ? words : [...words, gpu.product];
}

/** A plugin that shares GPUs may count each as often as it is shared, under the name of a whole one. */
function wordsOf(name: string, count: number, sharedBy: number | undefined, t: Translate): string {
  if (sharedBy === undefined || name !== 'nvidia.com/gpu') return `${count} ${deviceName(name, count, t)}`;
  const whole = Math.ceil(count / sharedBy);
  return t('{0} shares of {1} {2}', count, whole, deviceName(name, whole, t));
}

/** What sharing means for who asks for a share. */
export function sharingWords({ gpu }: NodeRow, t: Translate): readonly string[] {
  if (gpu?.sharedBy === undefined) return [];
  return [t('Up to {0} pods share a GPU and its memory: nothing keeps one from taking it all', gpu.sharedBy)];
}
