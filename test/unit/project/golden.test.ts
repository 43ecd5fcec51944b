import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isUserError } from '../../../src/core/errors';
import { inspectProject } from '../../../src/project/inspectProject';
import { copyProjects, fixtures, plantedKey, signal, temporaryFolder, tools } from './fixtures';

// UPDATE_GOLDEN=1 writes the files anew; read the difference before you commit it.
const update = process.env['UPDATE_GOLDEN'] === '1';

describe('inspection of odd projects', () => {
  const root = temporaryFolder(after);
  for (const name of copyProjects(root)) {
    it(name, async () => {
      const text = await inspected(root, name);
      assert.ok(!text.includes(plantedKey), 'the planted key shows in the result');
      const file = path.join(fixtures, 'golden', `${name}.json`);
      if (update) {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
      assert.ok(existsSync(file), `${file} is missing`);
      assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(file, 'utf8')));
    });
  }
});

/** The result as JSON with the folder's name and the date of copied files taken out. */
async function inspected(root: string, name: string): Promise<string> {
  const result = await inspectProject(path.join(root, name), { tools }, signal).catch((error: unknown) => {
    if (!isUserError(error)) throw error;
    return {
      error: {
        code: error.code,
        message: error.message,
        location: error.location,
        candidates: error.details['candidates'],
      },
    };
  });
  const plain = JSON.stringify(result, hideDates, 2);
  return `${plain.replaceAll(JSON.stringify(root).slice(1, -1), '<root>').replaceAll('\\\\', '/')}\n`;
}

function hideDates(_key: string, value: unknown): unknown {
  const isFileDate =
    typeof value === 'object' && value !== null && 'date' in value && 'source' in value && value.source === 'file';
  return isFileDate ? { ...value, date: '<mtime>' } : value;
}
