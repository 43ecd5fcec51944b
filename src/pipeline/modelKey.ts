import { keyMissing } from '../core/exposure';
import type { Target } from '../core/target';

/** The key that a model asks for. @throws UserError KeyMissing, and those of the target */
export async function readModelKey(target: Target, name: string, signal: AbortSignal): Promise<string> {
  const key = await target.key?.(name, signal);
  if (key === undefined) throw keyMissing(name);
  return key;
}
