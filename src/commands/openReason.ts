import path from 'node:path';
import type { Location } from '../core/errors';
import { openLocation } from '../editor/openLocation';
import { modelOf } from '../editor/subject';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import type { Command } from './command';

interface ReasonRow {
  readonly node: { readonly opens: Location };
}

/** Opens the cell or file that made a model fail. */
export const openReason: Command = async (app, subject) => {
  if (!isReasonRow(subject)) return;
  const { opens } = subject.node;
  const model = modelOf(subject);
  if (path.isAbsolute(opens.file) || model === undefined) {
    await openLocation(opens);
    return;
  }
  const { home } = await app.services();
  const [origin] = await releaseOrigins(home, model.name);
  if (origin === undefined) return;
  const notebook = origin.notebook ?? opens.file;
  const file = path.posix.basename(notebook) === path.posix.basename(opens.file) ? notebook : opens.file;
  await openLocation({ ...opens, file: path.join(origin.project, file) });
};

function isReasonRow(value: unknown): value is ReasonRow {
  if (typeof value !== 'object' || value === null || !('node' in value)) return false;
  return typeof value.node === 'object' && value.node !== null && 'opens' in value.node;
}
