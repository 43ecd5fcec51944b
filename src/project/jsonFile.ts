import { readFile, stat } from 'node:fs/promises';

/** A name for each of 21,000 classes takes 2 MB of a model's description. */
const mostBytes = 16_000_000;

/** The value in a JSON file; undefined for what is no file, larger than any description of a model, or no JSON. */
export async function readJson(file: string): Promise<unknown> {
  try {
    const found = await stat(file);
    return found.isFile() && found.size <= mostBytes ? JSON.parse(await readFile(file, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}

/** The members of a JSON object; none for any other value. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
