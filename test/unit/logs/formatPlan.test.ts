import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeployPlan } from '../../../src/core/plan';
import { formatBytes, formatPlan } from '../../../src/pipeline/formatPlan';
import { shortages } from '../../../src/pipeline/planResources';

const plan: DeployPlan = {
  name: 'iris',
  target: 'local',
  project: '/work/iris',
  entry: 'iris.ipynb:predict',
  python: { version: '3.11.7', path: '/usr/bin/python3.11', why: 'the notebook names 3.11' },
  dependencies: {
    source: 'inferred from imports',
    requirements: ['scikit-learn  (import sklearn in iris.ipynb)', 'PyYAML  (import yaml in iris.ipynb)'],
    ignored: ['Pipfile: requirements.txt comes first'],
    asOf: { date: '2023-04-01', source: 'git' },
  },
  training: {
    action: 'run',
    why: 'Code, packages or data changed since the last training, or there was none',
    unhashed: [],
  },
  files: { count: 12, bytes: 3_456_789, leftOut: [{ path: '.env', reason: 'it may hold secrets' }] },
  secrets: ['API_KEY'],
  resources: {
    diskFree: 51_200_000_000,
    memoryFree: 999_600,
    download: { packages: 13, cached: 12, bytes: 85_000_000, unknown: [], own: 0 },
    diskNeed: 280_000_000,
  },
  shortages: [],
};

describe('formatPlan', () => {
  it('says everything that will happen and why', () => {
    assert.equal(
      formatPlan(plan),
      `Plan for iris on local
  Project       /work/iris
  Serves        iris.ipynb:predict
  Python        3.11.7: the notebook names 3.11
                /usr/bin/python3.11
  Packages      inferred from imports, versions as of 2023-04-01 (from the git history)
                scikit-learn  (import sklearn in iris.ipynb)
                PyYAML  (import yaml in iris.ipynb)
  Training      the notebook is executed from top to bottom
                Code, packages or data changed since the last training, or there was none
  Files         12 files, 3.5 MB
  Left out      .env: it may hold secrets
  Ignored       Pipfile: requirements.txt comes first
  Secrets       API_KEY
  Download      85.0 MB of packages (12 of 13 are cached)
  Disk          about 280 MB; 51.2 GB are free
  Memory        known once the model is verified; 1.0 MB are free`,
    );
  });

  it('says what is installed, what no index tells, and what will not fit', () => {
    const memory = { quantity: '384Mi', bytes: 384 * 2 ** 20, replicas: 2, why: 'slipway.yaml' };
    const resources = { diskFree: 51_200_000_000, memoryFree: 999_600, diskNeed: 2, memory };
    const text = formatPlan({ ...plan, resources, shortages: shortages(resources) });
    assert.match(text, /Download {6}nothing, all packages are installed\n/);
    assert.match(text, /Memory {8}384Mi for each of 2 replicas \(slipway\.yaml\); 1\.0 MB are free\n/);
    assert.match(text, /Warning {7}2 replicas of 384Mi need 805 MB of memory and 1\.0 MB are free/);
    const untold = { packages: 9, cached: 0, bytes: 0, unknown: 'a b c d e f g h i'.split(' '), own: 27_300_000 };
    assert.match(
      formatPlan({ ...plan, resources: { ...plan.resources, download: untold } }),
      /an unknown amount of packages \(0 of 9 are cached\)\n +the index does not tell the size of 9 packages: a, b, c, d, e, …\n +and about 27\.3 MB for/,
    );
    assert.deepEqual(
      shortages({ ...resources, memoryFree: 1e12, diskFree: 1 }).map((one) => one.code),
      ['DiskShort'],
    );
  });

  it('says why the date is not that of the last change', () => {
    const asOf = { date: '2018-08-27', source: 'git', moved: 'no wheels for Python 3.7 on 2015-06-04' };
    const text = formatPlan({ ...plan, dependencies: { ...plan.dependencies, asOf } });
    assert.match(text, /as of 2018-08-27 \(from the git history, moved: no wheels for Python 3.7 on 2015-06-04\)/);
  });

  it('names the age of what is used again and what is not noticed, and leaves out what is empty', () => {
    const text = formatPlan({
      ...plan,
      dependencies: { source: 'uv.lock', requirements: [], ignored: [] },
      training: {
        action: 'reuse',
        why: 'Nothing changed',
        trainedAt: '2026-01-01T00:00:00.000Z',
        unhashed: ['example.org:443'],
      },
      files: {
        count: 1,
        bytes: 10,
        leftOut: Array.from({ length: 25 }, (_one, index) => ({ path: `.git/${String(index)}`, reason: 'history' })),
      },
      secrets: [],
    });
    assert.match(
      text,
      /Training {6}skipped, the result of the last training is used\n {16}Nothing changed\n {16}Trained at 2026-01-01T00:00:00\.000Z\n {16}Changes here are not noticed:\n {18}example\.org:443\n/,
    );
    assert.match(text, /Packages {6}uv\.lock\n {2}Training/);
    assert.match(text, /Files {9}1 file, 10 B\n/);
    assert.match(text, /\.git\/19: history\n {16}and 5 others\n {2}Download/);
    assert.doesNotMatch(text, /Ignored|Secrets/);
  });
});

describe('formatBytes', () => {
  it('has at most three digits', () => {
    assert.deepEqual([0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 2.5e12, 5e15].map(formatBytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '99.9 kB',
      '100 kB',
      '999 kB',
      '1.0 MB',
      '2.5 TB',
      '5000 TB',
    ]);
  });
});
