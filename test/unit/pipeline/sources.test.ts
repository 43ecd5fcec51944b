import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { homeAt, type Home } from '../../../src/core/home';
import { findExecuted } from '../../../src/pipeline/executedNotebook';
import { releaseOrigins } from '../../../src/pipeline/releaseOrigin';

const never = new AbortController().signal;
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
  const cell = (source: string, id?: string): object => ({ cell_type: 'code', source: [source], ...(id === undefined ? {} : { id }) });
  async function executed(folder: string, seconds: number, cells: readonly object[]): Promise<string> {
    const file = await put(path.join(home.artifacts, folder, 'executed.ipynb'), { cells });
    await utimes(file, seconds, seconds);
    return file;
  }

  it('finds the last training, also one that failed, and none of another project', async () => {
    const own = await put(path.join(home.root, 'iris.ipynb'), { cells: [cell('x = 1', 'aa'), cell('y = 2', 'bb')] });
    const find = async (): Promise<string | undefined> => (await findExecuted(home, project, [own], never))?.file;
    assert.equal(await find(), undefined);
    const good = await executed('k-1', 1000, [cell('anything', 'zz')]);
    await put(path.join(home.project(project), 'training', 'k.json'), { artifact: path.join(home.artifacts, 'k-1', 'artifact') });
    await executed('other', 2000, [cell('z', 'cc'), cell('z', 'dd')]);
    assert.equal(await find(), good);
    const failed = await executed('k-2', 3000, [cell('x = 1 # edited', 'aa'), cell('y', 'bb')]);
    assert.equal(await find(), failed);
  });

  it('tells notebooks without cell ids by their sources', async () => {
    const own = await put(path.join(home.root, 'old.ipynb'), { cells: [cell('x = 1'), cell('y = 2')] });
    await executed('a', 2000, [cell('import numpy'), cell('z = 3')]);
    const failed = await executed('b', 1000, [cell('x = 1'), cell('y = 3')]);
    assert.equal((await findExecuted(home, project, [own], never))?.file, failed);
  });
});
