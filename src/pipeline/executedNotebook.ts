import { stat } from 'node:fs/promises';
import type { Home } from '../core/home';
import { readProjectState } from './projectState';

export interface ExecutedNotebook {
  readonly file: string;
  /** When its last cell was written. */
  readonly at: Date;
}

/**
 * The notebook as it was last executed for a project, with outputs and figures, also when the training failed.
 * Undefined when nothing was executed, or Free Space deleted it.
 */
export async function findExecuted(home: Home, project: string): Promise<ExecutedNotebook | undefined> {
  const { executed } = await readProjectState(home, project);
  if (executed === undefined) return undefined;
  const found = await stat(executed).catch(() => undefined);
  return found === undefined ? undefined : { file: executed, at: found.mtime };
}
