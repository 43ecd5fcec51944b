import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeBundle, type BundleContents } from '../../../src/build/writeBundle';
import { homeAt } from '../../../src/core/home';
import { failure } from '../../support/failure';

const signal = new AbortController().signal;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-bundle-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function contents(root: string): Promise<BundleContents> {
  await mkdir(path.join(root, 'pkg'), { recursive: true });
  await writeFile(path.join(root, 'pkg', 'code.py'), 'x = 1\n');
  await writeFile(path.join(root, 'data.csv'), 'a,b\n');
  return {
    root,
    files: ['data.csv', 'pkg/code.py'],
    lock: 'numpy==1.26.4\n',
    artifact: undefined,
    manifest: {
      schema: 1,
      name: 'm',
      entry: { kind: 'snapshot' },
      python: '3.11',
      runtime: 'r',
      workdir: 'project',
      sysPath: ['project'],
      artifact: null,
      env: {},
      secrets: [],
    },
  };
}

describe('writeBundle', () => {
  it('gives equal contents the same digest in another folder and another home', async () => {
    const one = await writeBundle(homeAt(path.join(folder, 'h1')), await contents(path.join(folder, 'p1')), signal);
    const two = await writeBundle(homeAt(path.join(folder, 'h2')), await contents(path.join(folder, 'p2')), signal);
    assert.equal(one.digest, two.digest);
    assert.match(one.digest, /^sha256:[0-9a-f]{64}$/);
  });

  it('gives another digest when a file, the lock or the manifest changes', async () => {
    const home = homeAt(path.join(folder, 'h'));
    const base = await contents(path.join(folder, 'p'));
    const first = await writeBundle(home, base, signal);
    const lock = await writeBundle(home, { ...base, lock: 'numpy==1.26.5\n' }, signal);
    const env = await writeBundle(home, { ...base, manifest: { ...base.manifest, env: { A: '1' } } }, signal);
    await writeFile(path.join(base.root, 'data.csv'), 'a,c\n');
    const file = await writeBundle(home, base, signal);
    assert.equal(new Set([first, lock, env, file].map((bundle) => bundle.digest)).size, 4);
  });

  it('is not changed by later edits of the project', async () => {
    const base = await contents(path.join(folder, 'p'));
    const bundle = await writeBundle(homeAt(path.join(folder, 'h')), base, signal);
    await writeFile(path.join(base.root, 'data.csv'), 'changed');
    assert.equal(await readFile(path.join(bundle.folder, 'project', 'data.csv'), 'utf8'), 'a,b\n');
  });

  it('is not made of a file that changes meanwhile', async () => {
    const base = await contents(path.join(folder, 'p'));
    await writeFile(path.join(base.root, 'large.bin'), Buffer.alloc(30_000_000));
    const growing = path.join(base.root, 'training.log');
    await writeFile(growing, 'epoch 0\n');
    const writer = setInterval(() => {
      appendFileSync(growing, 'another epoch\n');
    }, 1);
    try {
      const files = ['large.bin', 'training.log'];
      const home = homeAt(path.join(folder, 'h'));
      await failure(writeBundle(home, { ...base, files }, signal), 'FileChanged', /^training\.log changed while/);
      assert.deepEqual(await readdir(home.bundles), []);
    } finally {
      clearInterval(writer);
    }
  });
});
