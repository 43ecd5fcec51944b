import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');

/** How a code is written where it is thrown or found. */
const typescript = [
  /\['(?<code>[A-Z]\w+(?:Path|Call))', '/g,
  /new UserError\(\s*'(?<code>[A-Z]\w+)'/g,
  /\bcode: '(?<code>[A-Z]\w+)'/g,
];
const python = [
  /\b(?:OperationError|Failure|ModelLoadError|load_error|Cause)\(\s*"(?<code>[A-Z]\w+)"/g,
  /return \(?"(?<code>Worker\w+|OutOfMemory)"/g,
  /["']?code["']?\s*[:=]\s*"(?<code>[A-Z]\w+)"/g,
];

async function codesIn(folder: string, extension: string, patterns: readonly RegExp[]): Promise<readonly string[]> {
  const names = (await readdir(path.join(root, folder), { recursive: true })).filter((name) =>
    name.endsWith(extension),
  );
  const texts = await Promise.all(names.map((name) => readFile(path.join(root, folder, name), 'utf8')));
  return texts.flatMap((text) =>
    patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match.groups?.['code'] ?? '')),
  );
}

describe('docs/errors.md', () => {
  it('lists every code of the sources, and no other, in order', async () => {
    const used = [...(await codesIn('src', '.ts', typescript)), ...(await codesIn('resources/runtime', '.py', python))];
    const page = await readFile(path.join(root, 'docs/errors.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `(?<code>\w+)`\s+\|/gm)].map((match) => match.groups?.['code'] ?? '');
    assert.deepEqual(listed, [...new Set(used)].sort());
  });
});
