import type { FolderSize } from '../clients/files/measureFolder';
import { formatBytes } from './formatPlan';
import type { SpaceItem } from './spaceItems';

export interface SpaceRow {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

/** How an item of the home folder is listed, in the editor and in a terminal; without a size while that is being measured. */
export function spaceRow(item: SpaceItem, size: FolderSize | undefined): SpaceRow {
  const shared = size === undefined ? 0 : size.bytes - size.own;
  const parts = [
    size === undefined ? '…' : formatBytes(size.bytes),
    ...(shared === 0 ? [] : [`${formatBytes(shared)} of it shared with another folder`]),
    ...(item.usedBy.length === 0 ? [] : [`in use by ${item.usedBy.join(', ')}`]),
  ];
  return { label: item.id, description: parts.join(', '), detail: item.note };
}
