import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

const scripts = path.resolve('scripts');

/** Test files that end in each way that a test file can end. */
const files = {
  'good.test.ts': `import { it, describe } from 'node:test'; describe('group', () => { it('one', () => {}); it('two', () => {}); });`,
  'bad.test.ts': `import { it, describe } from 'node:test'; describe('group', () => { it('is wrong', () => { throw new Error('seven is not six'); }); });`,
  'hook.test.ts': `import { it, describe, before } from 'node:test'; describe('group', () => { before(() => { throw new Error('no engine'); }); it('never runs', () => {}); });`,
  'omitted.test.ts': `import { it } from 'node:test'; it('later', { skip: 'no engine here' }, () => {}); it.todo('some day');`,
  'empty.test.ts': `export {};`,
  'broken.test.ts': `import './nowhere.ts';`,
  'crash.test.ts': `import { it } from 'node:test'; it('passes', () => {}); setTimeout(() => process.exit(3), 0); it('waits', () => new Promise(() => setTimeout(() => {}, 60000)));`,
};

describe('the test reporter', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'slipway-reporter-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...names: (keyof typeof files)[]): { counts: unknown; text: string } => {
    const code = `
      import { runNodeTests } from ${JSON.stringify(pathToFileURL(path.join(scripts, 'runNodeTests.mjs')).href)};
      const files = ${JSON.stringify(names.map((name) => path.join(folder, name)))};
      const options = { root: ${JSON.stringify(folder)}, timeoutMs: 60000, verbose: false, signal: new AbortController().signal, env: {} };
      console.log('COUNTS' + JSON.stringify(await runNodeTests({ files, ...options })));`;
    // Without it the inner run would take itself for a test file.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'));
    const driver = path.join(folder, 'driver.mjs');
    writeFileSync(driver, code);
    const { stdout, stderr } = spawnSync(process.execPath, [driver], { encoding: 'utf8', env });
    const [text = '', counts] = stdout.split('COUNTS');
    assert.ok(counts, stderr);
    return { counts: JSON.parse(counts), text };
  };

  it('counts tests, not groups', () => {
    assert.deepEqual(run('good.test.ts').counts, { passed: 2, failed: 0, skipped: 0 });
  });
  it('shows why a test failed', () => {
    const { counts, text } = run('bad.test.ts');
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    assert.match(text, /failed: is wrong[^]*seven is not six/);
  });
  it('counts a hook that fails', () => {
    const { counts, text } = run('hook.test.ts');
    assert.notEqual((counts as { failed: number }).failed, 0);
    assert.match(text, /no engine/);
  });
  it('counts what was skipped and says why', () => {
    const { counts, text } = run('omitted.test.ts');
    assert.deepEqual(counts, { passed: 0, failed: 0, skipped: 2 });
    assert.match(text, /later \(no engine here\)/);
  });
  it('fails a file that registers no test', () => {
    assert.deepEqual(run('empty.test.ts').counts, { passed: 0, failed: 1, skipped: 0 });
  });
  it('fails a file that does not load', () => {
    assert.deepEqual(run('broken.test.ts').counts, { passed: 0, failed: 1, skipped: 0 });
  });
  it('fails a file whose process ends early', () => {
    assert.notEqual((run('crash.test.ts').counts as { failed: number }).failed, 0);
  });
});
