import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { planImageOnly, type PlanImageRequest } from '../../src/pipeline/planImageOnly';
import { recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';
import { pushBase } from '../testbed/docker/baseImage';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';

describe('the plan of a project whose package has no wheel', { timeout: 5 * 60_000 }, () => {
  let workspace: Workspace;
  let registry: TestRegistry;
  let request: PlanImageRequest;
  before(async () => {
    workspace = await openWorkspace({ target: 'local' });
    registry = await startRegistry();
    const base = await pushBase(registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    const path = await workspace.writeProject('docs', {
      'app.py': 'async def app(scope, receive, send):\n    ...\n',
      'requirements.txt': 'docopt==0.6.2\n',
      'slipway.yaml': 'entry: app.py:app\npython: "3.11"\n',
    });
    request = { path, to: undefined, base, insecure: [registry.host], byteCode: true };
  });
  after(async () => {
    await registry.stop();
    await workspace.close();
  });

  it('says that it is built here, where this machine is like the image', async () => {
    const {
      plans: [plan],
    } = await planImageOnly(workspace.services, recordingHost(), request, workspace.signal);
    assert.ok(plan !== undefined && 'layers' in plan);
    assert.match(JSON.stringify(plan.layers), /docopt 0\.6\.2 \(no wheel: built from its source on this machine\)/);
  });

  it('names it where a Docker engine builds, which needs no wheel', async () => {
    const asked = { ...request, builder: 'docker' } as const;
    const {
      plans: [plan],
    } = await planImageOnly(workspace.services, recordingHost(), asked, workspace.signal);
    assert.ok(plan !== undefined && 'layers' in plan);
    const holds = (kind: string): string => JSON.stringify(plan.layers.filter((layer) => layer.kind === kind));
    assert.match(holds('packages'), /docopt 0\.6\.2/);
    assert.match(holds('support'), /uvicorn /);
  });
});
