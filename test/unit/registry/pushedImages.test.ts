import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { homeAt, type Home } from '../../../src/core/home';
import { repositoryIn } from '../../../src/core/image';
import { forgetPush, pushedImages, rememberPush, type PushedImage } from '../../../src/pipeline/pushedImages';
import { failure } from '../../support/failure';

const push = (number: number, repository = 'ana/iris'): PushedImage => ({
  registry: 'ghcr.io',
  repository,
  tag: `t${number}`,
  digest: `sha256:${String(number).repeat(64)}`,
  model: 'iris',
  project: '/home/ana/iris',
  pushedAt: `2026-11-0${number}T10:00:00Z`,
});

describe('images that were pushed from here', () => {
  let home: Home;
  before(async () => {
    home = homeAt(await mkdtemp(path.join(tmpdir(), 'slw-pushed-')));
  });
  after(() => rm(home.root, { recursive: true, force: true }));

  it('are remembered, the newest first, and forgotten one by one', async () => {
    assert.deepEqual(await pushedImages(home), []);
    for (const one of [push(1), push(3), push(2, 'ana/flats')]) await rememberPush(home, one, new Date(one.pushedAt));
    await writeFile(path.join(home.pushed, 'broken.json'), '{"registry": 1}');
    assert.deepEqual(
      (await pushedImages(home)).map((one) => one.tag),
      ['t3', 't2', 't1'],
    );
    await forgetPush(home, push(3));
    assert.deepEqual(
      (await pushedImages(home)).map((one) => one.tag),
      ['t2', 't1'],
    );
  });
});

describe('the repository of a model', () => {
  const known: Readonly<Record<string, readonly [string, string]>> = {
    'ghcr.io/ana': ['ghcr.io', 'ana/iris'],
    ' https://127.0.0.1:5000/ ': ['127.0.0.1:5000', 'iris'],
    'localhost:5000/a/b': ['localhost:5000', 'a/b/iris'],
    ana: ['docker.io', 'ana/iris'],
  };
  for (const [text, [registry, repository]] of Object.entries(known))
    it(`is ${repository} in ${text}`, () => {
      assert.deepEqual(repositoryIn(text, 'iris'), { registry, repository });
    });

  it('is an error in what is no address', async () => {
    const parse = (text: string) => Promise.resolve().then(() => repositoryIn(text, 'iris'));
    await failure(parse('GHCR.io/Ana'), 'ImageReferenceInvalid', /does not name/);
    await failure(parse('a b'), 'ImageReferenceInvalid', /does not name/);
  });
});
