import { stat } from 'node:fs/promises';
import * as contentStore from '../clients/files/contentStore';

/** A name for each of 21,000 classes takes 2 MB of a model's description. */
const mostBytes = 16_000_000;

/** The value in a JSON file; undefined for what is no file, larger than any description of a model, or no JSON. */
export async function readJson(file: string): Promise<unknown> {
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true && found.size <= mostBytes ? contentStore.readJson(file) : undefined;
}

/** The members of a JSON object; none for any other value. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
