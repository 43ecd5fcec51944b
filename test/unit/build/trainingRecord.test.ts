import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  describeInputs,
  findState,
  mayReachCells,
  saveTraining,
  stateKey,
  trainingKey,
  type TrainingIdentity,
} from '../../../src/build/trainingRecord';

const signal = new AbortController().signal;
const identity: TrainingIdentity = {
  cells: ['a = 1'],
  modules: [],
  lock: 'lock',
  python: '3.11.2',
  platform: 'linux-x64',
  runtime: 'r',
  mode: 'full',
  entry: 'nb.ipynb:predict:',
  env: {},
};

describe('the state of an earlier training', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'slipway-records-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Saves a record of notebooks with these cells that read a file, as old as is told. */
  async function save(cells: readonly string[], seconds: number, more: Partial<TrainingIdentity> = {}) {
    const one = { ...identity, ...more, cells };
    const artifact = path.join(folder, `artifact-${cells.join()}`);
    await mkdir(artifact, { recursive: true });
    await writeFile(path.join(artifact, 'artifact.json'), '{}');
    const data = path.join(folder, `data-${cells.join()}`);
    await writeFile(data, 'rows');
    const { inputs } = await describeInputs([data], signal);
    const rest = { trainedAt: '', seconds: 1, unhashed: [], peakMemory: null, hasExample: false };
    const key = trainingKey(one);
    await saveTraining(folder, key, { ...rest, artifact, inputs, state: stateKey(one) });
    await utimes(path.join(folder, 'training', `${key}.json`), seconds, seconds);
    return { artifact, data };
  }

  const found = async (): Promise<string | undefined> =>
    (await findState(folder, stateKey(identity), signal))?.artifact;

  it('is that of the newest notebook that differs in nothing but its cells', async () => {
    assert.equal(await found(), undefined);
    await save(['old'], 10);
    const newest = await save(['new'], 20);
    await save(['other'], 30, { lock: 'another' });
    await save(['environment'], 30, { env: { A: '1' } });
    assert.equal(await found(), newest.artifact);
  });

  it('is none when something that it read has changed, older ones included', async () => {
    const newest = await save(['newer'], 40);
    assert.equal(await found(), newest.artifact);
    await writeFile(newest.data, 'rowz');
    assert.equal(await found(), undefined);
  });
});

describe('a module of the project', () => {
  it('may reach what the notebook defines by a few ways', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'slipway-modules-'));
    try {
      const texts = {
        'plain.py': 'import numpy\ndef clean(x):\n    return x.strip()\n',
        'main.py': 'import __main__\n',
      };
      for (const [name, text] of Object.entries(texts)) await writeFile(path.join(folder, name), text);
      await writeFile(path.join(folder, 'words.py'), 'import joblib\nwords = joblib.load("words")\n');
      assert.equal(await mayReachCells(folder, ['plain.py', 'gone.py']), false);
      assert.equal(await mayReachCells(folder, ['plain.py', 'main.py']), true);
      assert.equal(await mayReachCells(folder, ['words.py']), true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
