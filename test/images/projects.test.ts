import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exampleOf, nameOf, projects } from '../contract/projects';
import { askContainer, askEndpoint, startContainer } from '../support/containers';
import { assertPredictions } from '../support/predictions';
import { repository } from '../support/workspace';
import { openImageBench, type ImageBench } from './imageBench';

/** examples/iris has tests of its own, which compare with the local target too. */
const others = projects.filter((project) => project.folder !== 'examples/iris');

describe('images of the other projects', { timeout: 18 * 60_000 }, () => {
  let bench: ImageBench;
  before(async () => {
    bench = await openImageBench();
  });
  after(async () => {
    await bench.close();
  });

  it('are of all examples', async () => {
    const examples = await readdir(path.join(repository, 'examples'));
    const known = projects.map((project) => project.folder);
    assert.deepEqual(
      examples.filter((name) => !known.includes(`examples/${name}`)),
      [],
    );
  });

  for (const project of others) {
    it(`${project.folder} predicts what is known from outside, and answers as the local target does`, async () => {
      const name = nameOf(project);
      const example = await exampleOf(project);
      const folder = await bench.workspace.copyProject(path.join(repository, project.folder), name);
      await project.prepare?.(folder, bench.workspace);
      const { image } = await bench.build(folder, `models/${name}`);
      const container = await startContainer(bench.engine, bench.seenByEngine(image));
      const answers = await askContainer(bench.engine, container, name, example);
      assertPredictions(answers.invocations.predictions, project.predictions);
      await bench.engine.docker('rm', '--force', container);
      const model = await bench.workspace.deploy({ path: folder });
      assert.deepEqual(answers, await askEndpoint(model.endpoint ?? '', name, example));
    });
  }
});
