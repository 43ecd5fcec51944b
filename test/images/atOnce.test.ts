import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pushedImages } from '../../src/pipeline/pushedImages';
import { buildCli, slipway } from '../support/cli';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { pushSmallBase } from '../testbed/docker/smallBase';

describe('two builds of one project at once', { timeout: 5 * 60_000 }, () => {
  let registry: TestRegistry;
  let workspace: Workspace;
  before(async () => {
    await buildCli();
    registry = await startRegistry();
    workspace = await openWorkspace({ target: 'local' });
  });
  after(async () => {
    await registry.stop();
    await workspace.close();
  });

  it('both end, with the same image', async () => {
    const base = await pushSmallBase(registry.host);
    const folder = await workspace.writeProject('twice', plainProject());
    const build = async (): Promise<unknown> => {
      const result = await slipway([
        ...['build', folder, '--registry', `${registry.host}/team/twice`, '--base', base, '--insecure'],
        ...['--push', '--json', '--yes', '--home', workspace.home],
      ]);
      assert.equal(result.exitCode, 0, result.stdout + result.stderr);
      return result.json.at(-1)?.['image'];
    };
    const [one, other] = await Promise.all([build(), build()]);
    assert.match(String(one), /@sha256:[0-9a-f]{64}$/);
    assert.equal(one, other);
    const pushes = await pushedImages(workspace.services.home);
    assert.deepEqual(
      pushes.map(({ repository, model, project }) => ({ repository, model, project })),
      [{ repository: 'team/twice', model: 'twice', project: folder }],
    );
  });
});
