import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, startContainer } from '../support/containers';
import { failure } from '../support/failure';
import { repository } from '../support/workspace';
import { openDockerBench, type DockerBench } from './dockerBench';

describe('the exported Dockerfile of examples/iris', { timeout: 15 * 60_000 }, () => {
  let bench: DockerBench;
  let folder: string;
  let exported: string;
  before(async () => {
    bench = await openDockerBench();
    folder = await bench.workspace.copyProject(path.join(repository, 'examples', 'iris'));
    exported = path.join(bench.workspace.root, 'exported');
  });
  after(async () => {
    await bench.close();
  });

  it('is written with what it copies, and nothing else', async () => {
    const built = await bench.build(folder, { kind: 'dockerfile', path: exported });
    assert.equal(built.image, `dockerfile:${exported}`);
    const names = (await readdir(exported)).sort();
    assert.deepEqual(names, [
      '.dockerignore',
      'Dockerfile',
      'bundle',
      'requirements-server.txt',
      'requirements.txt',
      'runtime',
    ]);
    assert.match(await readFile(path.join(exported, 'requirements.txt'), 'utf8'), /--hash=sha256:/);
  });

  it('builds with docker build, and the image answers any user, read-only, without a network', async () => {
    await bench.engine.docker('build', '--tag', 'exported:iris', exported);
    const container = await startContainer(bench.engine, 'exported:iris');
    const example = JSON.parse(await readFile(path.join(folder, 'example.json'), 'utf8')) as unknown;
    const answers = await askContainer(bench.engine, container, 'iris', example);
    assert.deepEqual(answers.invocations.predictions, ['setosa', 'versicolor', 'virginica']);
    await bench.engine.docker('stop', '--time', '30', container);
    const code = await bench.engine.docker('inspect', '--format', '{{.State.ExitCode}}', container);
    assert.equal(code.trim(), '0');
  });

  it('gives the configuration of the image that is built without Docker', async () => {
    const { image } = await bench.build(folder, 'models/iris', { builder: 'daemonless' });
    await bench.engine.docker('pull', image);
    const [ours, exports] = await Promise.all([image, 'exported:iris'].map((one) => configOf(bench, one)));
    assert.deepEqual(exports, ours);
  });

  it('is not written over something else', async () => {
    await failure(bench.build(folder, { kind: 'dockerfile', path: exported }), 'OutputExists', /is not empty/);
  });
});

async function configOf({ engine }: DockerBench, image: string): Promise<unknown> {
  const [inspected] = JSON.parse(await engine.docker('image', 'inspect', image)) as readonly {
    readonly Config: Readonly<Record<string, unknown>> & { readonly Env: readonly string[] };
  }[];
  assert.ok(inspected);
  const { Env, Labels, User, ExposedPorts, Entrypoint, Cmd, WorkingDir, StopSignal } = inspected.Config;
  return { Env: [...Env].sort(), Labels, User, ExposedPorts, Entrypoint, Cmd: Cmd ?? null, WorkingDir, StopSignal };
}
