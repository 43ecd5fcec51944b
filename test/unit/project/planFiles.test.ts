import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Project } from '../../../src/core/project';
import { largeFileBytes, matches, reasonToLeave } from '../../../src/project/contextGuard';
import { planFiles } from '../../../src/project/planFiles';
import { signal, temporaryFolder } from './fixtures';

const base = temporaryFolder(after);
const none = { include: [], exclude: [], referenced: [] };

const secrets = [
  '.env',
  '.env.local',
  'prod.env',
  'a/b/server.pem',
  'tls.key',
  'id_rsa',
  'id_ed25519',
  'kubeconfig',
  'dev.kubeconfig',
  '.netrc',
  '.pypirc',
  'credentials.json',
  'client_secret_1.json',
  'service-account.json',
  'secrets.yaml',
  'kaggle.json',
];
const harmless = [
  'environment.yml',
  'keys.csv',
  'tokenizer.json',
  'manifests/serviceaccount.yaml',
  'monkey.py',
  'data/secretary.csv',
  'model.joblib',
  'env.py',
  'requirements.txt',
];

describe('context guard', () => {
  for (const file of secrets) {
    it(`keeps ${file} even when it is included`, () => {
      assert.notEqual(reasonToLeave(file, 1, { include: [file, '**'], exclude: [], referenced: [file] }), undefined);
    });
  }
  for (const file of harmless) {
    it(`lets ${file} travel`, () => {
      assert.equal(reasonToLeave(file, 1, none), undefined);
    });
  }

  it('takes large files only when they are referenced or included', () => {
    const big = largeFileBytes + 1;
    assert.match(reasonToLeave('data/a.bin', big, none) ?? '', /10 MB that no code names/);
    assert.equal(reasonToLeave('data/a.bin', largeFileBytes, none), undefined);
    assert.equal(reasonToLeave('data/a.bin', big, { ...none, referenced: ['data'] }), undefined);
    assert.equal(reasonToLeave('data/a.bin', big, { ...none, include: ['*.bin'] }), undefined);
    assert.equal(
      reasonToLeave('data/a.bin', 1, { include: ['data'], exclude: ['*.bin'], referenced: [] }),
      'excluded in slipway.yaml',
    );
  });

  const globs: readonly (readonly [string, string, boolean])[] = [
    ['*.tmp', 'a/b.tmp', true],
    ['a/*.tmp', 'a/b/c.tmp', false],
    ['a/**/*.tmp', 'a/b/c.tmp', true],
    ['data/', 'data/x/y', true],
    ['/data', 'sub/data/x', false],
    ['data', 'sub/data/x', true],
    ['a?c.(x)', 'abc.(x)', true],
    ['a.c', 'abc', false],
  ];
  for (const [pattern, file, expected] of globs) {
    it(`${pattern} ${expected ? 'matches' : 'does not match'} ${file}`, () => {
      assert.equal(matches(pattern, file), expected);
    });
  }
});

describe('planFiles', () => {
  it('lists what travels and why the rest stays', { skip: process.platform === 'win32' }, async () => {
    const root = path.join(base, 'project');
    const files = [
      'a.ipynb',
      'lib/words.py',
      '.env',
      '.git/config',
      'venv/pyvenv.cfg',
      'venv/lib/x.py',
      'node_modules/x.js',
      'lib/__pycache__/w.pyc',
      '.ipynb_checkpoints/a.ipynb',
      '.slipway/x',
      'big.bin',
      'used.bin',
      'notes.tmp',
    ];
    for (const file of files) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      writeFileSync(path.join(root, file), 'x');
    }
    for (const file of ['big.bin', 'used.bin']) truncateSync(path.join(root, file), largeFileBytes + 1);
    writeFileSync(path.join(base, 'outside.txt'), 'x');
    symlinkSync(path.join(base, 'outside.txt'), path.join(root, 'out.txt'));
    symlinkSync('../outside.txt', path.join(root, 'out2.txt'));
    symlinkSync('.env', path.join(root, 'settings.txt'));
    symlinkSync('lib/words.py', path.join(root, 'words.py'));
    symlinkSync('gone', path.join(root, 'broken'));
    const project: Pick<Project, 'root' | 'config' | 'dataFiles' | 'localModules' | 'entry'> = {
      root,
      config: { exclude: ['*.tmp'] },
      dataFiles: ['used.bin'],
      localModules: [],
      entry: { kind: 'none' },
    };
    const plan = await planFiles(project, signal);
    assert.deepEqual(
      plan.files.map((one) => one.path),
      ['a.ipynb', 'lib/words.py', 'used.bin', 'words.py'],
    );
    assert.deepEqual(
      plan.leftOut.map((one) => one.path),
      [
        '.env',
        '.git/',
        '.ipynb_checkpoints/',
        '.slipway/',
        'big.bin',
        'broken',
        'lib/__pycache__/',
        'node_modules/',
        'notes.tmp',
        'out.txt',
        'out2.txt',
        'settings.txt',
        'venv/',
      ],
    );
    assert.equal(plan.leftOut.find((one) => one.path === 'out2.txt')?.reason, 'link that leaves the project');
    assert.match(plan.leftOut.find((one) => one.path === 'settings.txt')?.reason ?? '', /environment file/);
  });

  it('leaves what only a training goes on with beside a saved model', async () => {
    const root = path.join(base, 'checkpoint');
    mkdirSync(root);
    const training = ['optimizer.pt', 'rng_state_0.pth', 'trainer_state.json', 'training_args.bin'];
    for (const file of ['config.json', 'model.safetensors', 'scheduler.pt', ...training])
      writeFileSync(path.join(root, file), 'x');
    const entry = { kind: 'transformers', path: '.', task: 'text-classification' } as const;
    const project = { root, config: { include: ['scheduler.pt'] }, dataFiles: [], localModules: [], entry };
    const plan = await planFiles(project, signal);
    assert.deepEqual(
      plan.leftOut.map((one) => one.path),
      training,
    );
    const asFiles = await planFiles({ ...project, entry: { kind: 'none' } }, signal);
    assert.deepEqual(asFiles.leftOut, []);
  });
});
