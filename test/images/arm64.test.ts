import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askEndpoint, askForeignContainer, startForeignContainer } from '../support/containers';
import { repository } from '../support/workspace';
import { pushBase } from '../testbed/docker/baseImage';
import { emulator, foreignArchive } from '../testbed/docker/foreign';
import { openImageBench, type ImageBench } from './imageBench';

const platform = 'linux/arm64';

// On a machine for arm64 every other suite does this.
if (process.arch === 'x64')
  describe('an image for arm64 that was built on amd64', { timeout: 15 * 60_000 }, () => {
    let bench: ImageBench;
    let folder: string;
    before(async () => {
      bench = await openImageBench();
      folder = await bench.workspace.copyProject(path.join(repository, 'examples', 'iris'));
    });
    after(async () => {
      await bench.close();
    });

    it('answers as the model of this machine does: any user, read-only, without a network', async () => {
      const base = await pushBase(
        bench.registry.host,
        await foreignArchive(console.log),
        'base/arm64:3.11',
        {},
        'arm64',
      );
      const { image } = await bench.build(folder, 'models/iris:arm64', { base, platform });
      const runs = { platform, emulator: await emulator(console.log) };
      const container = await startForeignContainer(bench.engine, bench.seenByEngine(image), runs);
      const example: unknown = JSON.parse(await readFile(path.join(folder, 'example.json'), 'utf8'));
      const answers = await askForeignContainer(bench.engine, container, 'iris', example);
      const model = await bench.workspace.deploy({ path: folder });
      assert.deepEqual(answers, await askEndpoint(model.endpoint ?? '', 'iris', example));
      assert.deepEqual(answers.invocations.predictions, ['setosa', 'versicolor', 'virginica']);
    });
  });
