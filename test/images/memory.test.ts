import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runTimed } from '../bench/images/runTimed';
import { buildCli, cliProgram } from '../support/cli';
import { startWheelIndex, type WheelIndex } from '../support/wheelIndex';
import { openWorkspace, type Workspace } from '../support/workspace';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { pushSmallBase } from '../testbed/docker/smallBase';

const names = ['slwa', 'slwb', 'slwc', 'slwd', 'slwe', 'slwf'];
const wheelBytes = 50_000_000;
const mostBytes = 200 * 1024 * 1024;

describe('a build of hundreds of megabytes', { skip: process.platform !== 'linux', timeout: 5 * 60_000 }, () => {
  let workspace: Workspace;
  let registry: TestRegistry;
  let index: WheelIndex;
  before(async () => {
    await buildCli();
    workspace = await openWorkspace({ target: 'local' });
    registry = await startRegistry();
    const offered = names.map((name) => ({ index: 'simple', name, version: '1.0', bytes: wheelBytes }));
    index = await startWheelIndex(workspace.root, offered);
  });
  after(async () => {
    await index.close();
    await registry.stop();
    await workspace.close();
  });

  it('takes less than 200 MB of memory', async () => {
    const folder = await workspace.writeProject('large', {
      'app.py': 'async def app(scope, receive, send):\n    ...\n',
      'requirements.txt': names.map((name) => `${name}==1.0\n`).join(''),
      'slipway.yaml': 'entry: app.py:app\n',
    });
    const args = ['build', folder, '--registry', `${registry.host}/models/large`, '--push', '--insecure', '--json'];
    const base = await pushSmallBase(registry.host);
    const env = { ...process.env, UV_INDEX: `${index.origin}/simple` };
    const home = path.join(workspace.root, 'home');
    const { peak } = await runTimed(process.execPath, [cliProgram, ...args, '--base', base, '--home', home], env);
    assert.ok(peak > 0 && peak < mostBytes, `${Math.round(peak / 2 ** 20)} MiB`);
  });
});
