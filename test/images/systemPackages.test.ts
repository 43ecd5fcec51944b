import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, startContainer } from '../support/containers';
import { failure } from '../support/failure';
import { repository } from '../support/workspace';
import { openDockerBench, type DockerBench } from './dockerBench';

describe('a notebook that needs system packages', { timeout: 15 * 60_000 }, () => {
  let bench: DockerBench;
  let folder: string;
  before(async () => {
    bench = await openDockerBench();
    folder = await bench.workspace.copyProject(path.join(repository, 'examples', 'iris'));
    await writeFile(path.join(folder, 'apt.txt'), '# for a test\ntree\n');
    await writeFile(path.join(folder, 'slipway.yaml'), 'apt: [hello]\n');
  });
  after(async () => {
    await bench.close();
  });

  it('is built by a Docker engine, which installs them below the environment', async () => {
    const { image } = await bench.build(folder, 'models/iris');
    const history = await bench.engine.docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image);
    const steps = history.split('\n').reverse();
    const at = (text: string): number => steps.findIndex((step) => step.includes(text));
    assert.ok(at('apt-get install') > 0 && at('apt-get install') < at('-m venv'), history);
    const inside = (...args: string[]): Promise<string> => bench.engine.docker('run', '--rm', '--entrypoint', ...args);
    assert.match(await inside('hello', image), /Hello, world/);
    assert.match(await inside('tree', image, '--version'), /tree v/);
    assert.equal((await inside('ls', image, '/var/lib/apt/lists')).trim(), '');
    const container = await startContainer(bench.engine, image);
    const example = JSON.parse(await readFile(path.join(folder, 'example.json'), 'utf8')) as unknown;
    const answers = await askContainer(bench.engine, container, 'iris', example);
    assert.deepEqual(answers.invocations.predictions, ['setosa', 'versicolor', 'virginica']);
  });

  it('cannot be built without one', async () => {
    await failure(
      bench.build(folder, 'models/iris', { builder: 'daemonless' }),
      'SystemPackagesNeedDocker',
      /hello, tree/,
    );
  });

  for (const name of ['$(touch /tmp/x)', '--allow-unauthenticated', 'a;b', 'hello\\', '../x.deb']) {
    it(`is refused when a name is ${JSON.stringify(name)}`, async () => {
      await writeFile(path.join(folder, 'apt.txt'), `tree\n${name}\n`);
      await failure(bench.build(folder, 'models/iris'), 'AptFileInvalid', /apt\.txt, line 2/);
    });
  }
});
