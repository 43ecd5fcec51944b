import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { homeAt, type Home } from '../../../src/core/home';
import { findExecuted } from '../../../src/pipeline/executedNotebook';
import { updateProjectState } from '../../../src/pipeline/projectState';
import { releaseOrigins } from '../../../src/pipeline/releaseOrigin';

let home: Home;
beforeEach(async () => {
  home = homeAt(await mkdtemp(path.join(tmpdir(), 'slipway-sources-')));
});
afterEach(async () => {
  await rm(home.root, { recursive: true, force: true });
});

async function put(file: string, value: unknown): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

describe('releaseOrigins', () => {
  it('gives the newest release first and passes over what it cannot read', async () => {
    const at = (file: string): string => path.join(home.model('iris'), 'releases', file);
    await put(at('9.json'), { project: '/p', bundle: '/b9', notebook: { path: 'a.ipynb', sha256: '' } });
    await put(at('10.json'), { project: '/p', bundle: '/b10', notebook: null });
    await put(at('11.json'), '{');
    await put(at('state.txt'), 'x');
    assert.deepEqual(await releaseOrigins(home, 'iris'), [
      { version: 10, project: '/p', notebook: null, bundle: '/b10' },
      { version: 9, project: '/p', notebook: 'a.ipynb', bundle: '/b9' },
    ]);
    assert.deepEqual(await releaseOrigins(home, 'nobody'), []);
  });
});

describe('findExecuted', () => {
  const project = '/work/iris';

  it('gives the last execution of the project, and nothing once its file is deleted', async () => {
    assert.equal(await findExecuted(home, project), undefined);
    const executed = await put(path.join(home.artifacts, 'k-1', 'executed.ipynb'), { cells: [] });
    await updateProjectState(home, project, { executed });
    assert.equal((await findExecuted(home, project))?.file, executed);
    assert.equal(await findExecuted(home, '/work/other'), undefined);
    await rm(executed);
    assert.equal(await findExecuted(home, project), undefined);
  });
});
