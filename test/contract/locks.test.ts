import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildCli, slipway, type CliResult } from '../support/cli';
import { notebookOf } from '../support/notebooks';
import { exampleCell, predictVersion } from '../support/plainProject';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';

describe('a lock that is saved into a project', () => {
  let workspace: Workspace;
  let folder: string;
  const ask = (version: string): Promise<void> =>
    writeFile(path.join(folder, 'requirements.txt'), `tabulate==${version}\n`);
  const lock = (...options: readonly string[]): Promise<CliResult> =>
    slipway(['lock', folder, '--json', '--home', workspace.home, ...options]);
  before(async () => {
    await buildCli();
    workspace = await openWorkspace({ target: 'local' });
    folder = await workspace.writeProject('locked', { 'nb.ipynb': notebookOf(predictVersion, exampleCell) });
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
  });

  /** Deploys, and tells which version answers, how the lock came about, and whether anything was executed. */
  async function deploy(): Promise<{ readonly version: unknown; readonly source: unknown; readonly trained: boolean }> {
    const host = recordingHost();
    await workspace.deploy({ path: folder, name: 'locked' }, host);
    const [version] = (await workspace.predict('locked', { inputs: [1] })) as readonly unknown[];
    const trained = eventsOf(host, 'cell').length > 0;
    return { version, source: eventsOf(host, 'plan')[0]?.plan.dependencies.source, trained };
  }

  it('is what deploys go by, with the versions and hashes that were solved', async () => {
    await ask('0.8.10');
    const first = await deploy();
    const result = await lock();
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const file = path.join(folder, 'pylock.toml');
    assert.deepEqual(result.json.at(-1), { event: 'locked', file, packages: 1 });
    assert.match(await readFile(file, 'utf8'), /^name = "tabulate"\nversion = "0\.8\.10"/m);
    await ask('0.9.0');
    // The same lock to the byte: nothing is installed or executed anew.
    assert.deepEqual(await deploy(), { version: first.version, source: 'pylock.toml', trained: false });
  });

  it('is replaced only where that is asked for', async () => {
    const refused = await lock();
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout, /LockExists.*--replace/);
    assert.equal((await lock('--replace')).exitCode, 0);
    assert.deepEqual(await deploy(), { version: '0.9.0', source: 'pylock.toml', trained: true });
  });
});
