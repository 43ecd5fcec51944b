import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildImage } from '../../src/pipeline/buildImage';
import { parseImageTarget } from '../../src/pipeline/imageTarget';
import { eventsOf, recordingHost, type RecordingHost } from '../support/recordingHost';
import { failure } from '../support/failure';
import { openWorkspace, type Workspace } from '../support/workspace';
import { pushBase } from '../testbed/docker/baseImage';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';

const app = {
  'slipway.yaml': 'name: tiny\nentry: app.py:app\n',
  'app.py': 'from flask import Flask\napp = Flask(__name__)\n',
};

/** Programs of Python and uv that this process runs, without those that have ended. */
function workers(): readonly string[] {
  const text = execFileSync('ps', ['-o', 'stat=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  // The Python that reads code stays for the next build.
  const working = text.split('\n').filter((line) => !line.startsWith('Z') && /python|\buv /.test(line));
  return working.filter((line) => !line.includes('inspect_project.py'));
}

describe('what an image needs of its base alone', { timeout: 5 * 60_000 }, () => {
  let registry: TestRegistry;
  let workspace: Workspace;
  let base: string;
  before(async () => {
    registry = await startRegistry();
    workspace = await openWorkspace({ target: 'local' });
    base = await pushBase(registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
  });
  after(async () => {
    await registry.stop();
    assert.deepEqual(await workspace.close(), []);
  });

  const build = async (name: string, requirements: string, host: RecordingHost, signal = workspace.signal) => {
    const folder = await workspace.writeProject(name, { ...app, 'requirements.txt': requirements });
    const to = parseImageTarget(`${registry.host}/models/${name}`, undefined);
    assert.ok(to);
    const request = { path: folder, to, base, insecure: [registry.host], byteCode: true, retrain: false };
    return buildImage(workspace.services, host, request, signal);
  };
  const layers = (): Promise<readonly string[]> =>
    readdir(path.join(workspace.services.home.images, 'layers')).catch(() => []);

  it('is given up with a build that fails, and leaves no process', async () => {
    const failed = build('unknown', 'flask\nslipway-knows-no-such-package\n', recordingHost());
    await failure(failed, 'PackageUnknown', /slipway-knows-no-such-package/);
    assert.deepEqual(workers(), []);
    assert.deepEqual(await layers(), [], 'it failed before the byte code was there');
  });

  it('is given up with a build that is cancelled', async () => {
    const controller = new AbortController();
    const onEvent = (event: { readonly event: string; readonly step?: string }): void => {
      if (event.event === 'step' && event.step === 'lock') controller.abort();
    };
    const cancelled = build('cancelled', 'flask\n', recordingHost({ onEvent }), controller.signal);
    await assert.rejects(cancelled, { name: 'AbortError' });
    assert.deepEqual(workers(), []);
    assert.deepEqual(await layers(), []);
  });

  it('is begun while the packages are solved, and then part of the image', async () => {
    const host = recordingHost();
    await build('tiny', 'flask\n', host);
    assert.ok(
      eventsOf(host, 'imagePlan')[0]?.plan.layers.some(({ holds }) => holds[0] === "Python's standard library"),
    );
    assert.deepEqual(workers(), []);
  });
});
