import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { freedBy, measureFolder } from '../../../src/clients/files/measureFolder';
import { homeAt, type Home } from '../../../src/core/home';
import { whileBuilding } from '../../../src/pipeline/buildsUnderWay';
import { freeSpace, freeSpaceIsOver, moveAway } from '../../../src/pipeline/freeSpace';
import { makeServices } from '../../../src/pipeline/services';
import { listSpace } from '../../../src/pipeline/spaceItems';
import { failure } from '../../support/failure';
import { spaceRow } from '../../../src/pipeline/spaceText';

const never = new AbortController().signal;
let root: string;
let home: Home;

async function put(file: string, content: string | number = ''): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'number' ? 'x'.repeat(content) : content);
  return file;
}

const release = (model: string, version: number, parts: object): Promise<string> =>
  put(path.join(home.model(model), 'releases', `${String(version)}.json`), JSON.stringify(parts));
const inHome = (...parts: readonly string[]): string => path.join(home.root, ...parts);

/** Two models that share an environment, one kept older release, and one of everything that nobody needs. */
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'slipway-space-'));
  home = homeAt(path.join(root, 'home'));
  for (const name of ['used', 'old', 'unused']) {
    await put(inHome('environments', `py3.11-${name}`, 'bin', 'python'), 100);
    await put(inHome('support', `py3.11-${name}`, 'uvicorn', 'main.py'), 10);
    await put(inHome('bundles', name, 'bundle.json'), 1000);
  }
  await put(inHome('support', 'solved', 'x.txt'), 5);
  await put(inHome('artifacts', 'key-1', 'artifact', 'artifact.json'), 50);
  await put(inHome('artifacts', 'key-2', 'executed.ipynb'), 60);
  await put(inHome('cache', 'uv', 'wheels', 'numpy.whl'), 5000);
  await put(inHome('cache', 'images', 'blobs', 'sha256-1'), 300);
  await put(inHome('cache', 'bytecode', 'numpy', 'core.pyc'), 30);
  await put(inHome('tools', 'uv'), 7);
  const parts = (name: string): object => ({
    bundle: inHome('bundles', name),
    python: inHome('environments', `py3.11-${name}`, 'bin', 'python'),
    support: inHome('support', `py3.11-${name}`),
  });
  await release('iris', 3, parts('used'));
  await release('iris', 2, parts('old'));
  await release('wine', 1, { ...parts('used'), bundle: '/another/spelling/of/home/bundles/used' });
  await put(
    path.join(home.project('/work/iris'), 'training', 'key.json'),
    JSON.stringify({ artifact: inHome('artifacts', 'key-1', 'artifact') }),
  );
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function usage(): Promise<Readonly<Record<string, readonly string[]>>> {
  return Object.fromEntries((await listSpace(home, never)).map((item) => [item.id, item.usedBy]));
}

describe('listSpace', () => {
  it('names every kept release that needs a folder', async () => {
    assert.deepEqual(await usage(), {
      'environments/py3.11-old': ['iris v2'],
      'environments/py3.11-unused': [],
      'environments/py3.11-used': ['iris v3', 'wine v1'],
      'support/py3.11-old': ['iris v2'],
      'support/py3.11-unused': [],
      'support/py3.11-used': ['iris v3', 'wine v1'],
      'bundles/old': ['iris v2'],
      'bundles/unused': [],
      'bundles/used': ['iris v3', 'wine v1'],
      'artifacts/key-1': [],
      'artifacts/key-2': [],
      'cache/uv': [],
      'cache/images': [],
      'cache/bytecode': [],
      'models/iris': ['iris'],
      'models/wine': ['wine'],
      tools: ['Slipway'],
    });
  });

  it('keeps everything while an image is being built, and not for one whose process is gone', async () => {
    await put(inHome('building', '999999999-left'));
    assert.deepEqual((await usage())['cache/images'], []);
    await whileBuilding(home, async () => {
      assert.deepEqual((await usage())['cache/images'], ['an image that is being built']);
      const ids = ['bundles/unused', 'cache/images'];
      await failure(moveAway(home, ids, inHome('trash', '1'), never), 'SpaceInUse', /being built/);
    });
    assert.deepEqual((await usage())['bundles/unused'], []);
  });

  it('tells what deleting a training costs', async () => {
    const notes = (await listSpace(home, never)).filter((item) => item.kind === 'artifact').map((item) => item.note);
    assert.match(notes[0] ?? '', /training of iris/);
    assert.match(notes[1] ?? '', /failed or was replaced/);
  });

  it('tells of what is in use what it is, and only of the rest that it may go', async () => {
    const items = await listSpace(home, never);
    const notes = new Map(items.map((item) => [item.id, item.note]));
    assert.match(notes.get('bundles/used') ?? '', /^What a release runs/);
    assert.match(notes.get('bundles/unused') ?? '', /no longer kept/);
    for (const { usedBy, note } of items)
      if (usedBy.length > 0) assert.doesNotMatch(note, /no longer|installed again|Left over/);
  });

  it('keeps everything while the release that runs has no file', async () => {
    await put(path.join(home.model('wine'), 'state.json'), '{"release":7}');
    assert.deepEqual((await usage())['bundles/unused'], ['wine v7 (its file is missing)']);
  });

  it('keeps everything while a release cannot be read', async () => {
    await release('wine', 2, {});
    await put(path.join(home.model('wine'), 'releases', '3.json'), '{"bundle":');
    const free = Object.entries(await usage()).filter(([id, users]) => users.length === 0 && !id.startsWith('cache'));
    assert.deepEqual(free, []);
  });

  it(
    'keeps the wheel cache when an environment consists of links into it',
    { skip: process.platform === 'win32' },
    async () => {
      const metadata = inHome(
        'environments',
        'py3.11-used',
        'lib',
        'python3.11',
        'site-packages',
        'numpy-1.dist-info',
        'METADATA',
      );
      await mkdir(path.dirname(metadata), { recursive: true });
      await symlink(path.join(home.wheels, 'archive', 'METADATA'), metadata);
      assert.deepEqual((await usage())['cache/uv'], ['py3.11-used']);
    },
  );

  it('of an empty home is empty', async () => {
    assert.deepEqual(await listSpace(homeAt(path.join(root, 'nowhere')), never), []);
  });
});

describe('moveAway', () => {
  it('deletes nothing at all when one of the items is in use', async () => {
    await assert.rejects(moveAway(home, ['bundles/unused', 'bundles/old'], inHome('trash', '1'), never), {
      code: 'SpaceInUse',
      message: /iris v2/,
    });
    assert.deepEqual(await readdir(home.bundles), ['old', 'unused', 'used']);
  });

  it('passes over what is gone and what was never listed', async () => {
    const freed = await moveAway(
      home,
      ['bundles/unused', 'bundles/gone', '../outside', 'models'],
      inHome('trash', '1'),
      never,
    );
    assert.deepEqual(
      freed.items.map((item) => item.id),
      ['bundles/unused'],
    );
    assert.equal(freed.bytes, 1000);
  });
});

describe('freeSpace', () => {
  it('leaves what releases need and no trash', async () => {
    const ids = Object.entries(await usage())
      .filter(([, users]) => users.length === 0)
      .map(([id]) => id);
    await put(inHome('trash', 'earlier', 'file'), 9);
    const freed = await freeSpace(makeServices({ home: home.root, resources: '', program: 'test' }), ids, never);
    assert.equal(freed.bytes, 100 + 10 + 1000 + 50 + 60 + 5000 + 300 + 30);
    assert.deepEqual(
      Object.entries(await usage()).filter(([, users]) => users.length === 0),
      [],
    );
    assert.deepEqual((await readdir(home.environments)).concat(await readdir(home.bundles)), [
      'py3.11-old',
      'py3.11-used',
      'old',
      'used',
    ]);
    assert.deepEqual((await readdir(home.root)).includes('trash'), false);
  });
});

describe('freeSpaceIsOver', () => {
  it('waits while somebody frees space, and not for one who died', async () => {
    const lock = inHome('free-space.lock');
    await put(lock, String(process.pid));
    const waiting = freeSpaceIsOver(home, AbortSignal.timeout(20_000)).then(() => readdir(home.bundles));
    const ids = ['bundles/unused'];
    const late = freeSpace(
      makeServices({ home: home.root, resources: '', program: 'test' }),
      ids,
      AbortSignal.timeout(20_000),
    );
    assert.equal(await Promise.race([waiting, late, Promise.resolve('both wait')]), 'both wait');
    await rm(lock);
    await late;
    await waiting;
    await put(lock, '999999999');
    await freeSpaceIsOver(home, never);
  });
});

describe('measureFolder', () => {
  it('counts a file with two names once, and as freed only when all its names go', async () => {
    const file = await put(inHome('artifacts', 'key-1', 'artifact', 'snapshot.pkl'), 300);
    await link(file, inHome('bundles', 'unused', 'snapshot.pkl'));
    await link(file, inHome('bundles', 'unused', 'again.pkl'));
    const artifact = await measureFolder(inHome('artifacts', 'key-1'), never);
    const bundle = await measureFolder(inHome('bundles', 'unused'), never);
    assert.deepEqual([artifact.bytes, artifact.own, bundle.bytes, bundle.own], [350, 50, 1300, 1000]);
    assert.deepEqual([freedBy([artifact]), freedBy([bundle]), freedBy([artifact, bundle])], [50, 1000, 1350]);
  });

  it('does not follow links, and an absent folder is empty', { skip: process.platform === 'win32' }, async () => {
    await symlink(home.wheels, inHome('bundles', 'old', 'link'));
    assert.ok((await measureFolder(inHome('bundles', 'old'), never)).bytes < 1200);
    assert.equal((await measureFolder(inHome('nothing'), never)).bytes, 0);
  });
});

describe('spaceRow', () => {
  it('tells size, what is shared and who needs it', async () => {
    const [item] = await listSpace(home, never);
    assert.ok(item !== undefined);
    const size = { bytes: 412_000_000, own: 22_000_000, linked: new Map() };
    assert.equal(
      spaceRow(item, size).description,
      '412 MB, 390 MB of it shared with another folder, in use by iris v2',
    );
    assert.equal(spaceRow({ ...item, usedBy: [] }, undefined).description, '…');
  });
});
