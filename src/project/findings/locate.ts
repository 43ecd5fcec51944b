import path from 'node:path';
import type { Location } from '../../core/errors';
import type { Place } from '../facts';

/** Location with an absolute file for a fact of a file relative to the root. */
export function locate(root: string, file: string, place: Place): Location {
  const full = path.join(root, file);
  return place.cell === null ? { file: full, line: place.line } : { file: full, cell: place.cell, line: place.line };
}
