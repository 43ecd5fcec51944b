import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Tells uv, everybody's, how long answers of the index hold: what PyPI says of its own. A mirror that says nothing would
 * have uv fetch all of them again for each dependency.
 * @returns the file's path, for UV_CONFIG_FILE
 */
export async function writeIndexValidity(folder: string): Promise<string> {
  const file = path.join(folder, 'uv.toml');
  const validity = '{ api = "max-age=600", files = "max-age=365000000, immutable" }';
  const lines = ['[[index]]', 'url = "https://pypi.org/simple"', 'default = true', `cache-control = ${validity}`, ''];
  await writeFile(file, lines.join('\n'));
  return file;
}
