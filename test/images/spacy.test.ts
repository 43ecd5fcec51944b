import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, askEndpoint, startContainer } from '../support/containers';
import { recordingHost } from '../support/recordingHost';
import { openImageBench, type ImageBench } from './imageBench';

/** A model that finds names which it was told: nothing of it has to be fetched. */
const program = `
import sys, spacy
nlp = spacy.blank("en")
nlp.add_pipe("entity_ruler").add_patterns([{"label": "CITY", "pattern": "Ghent"}])
nlp.to_disk(sys.argv[1])
`;

interface Answer {
  readonly text: string;
  readonly ents: readonly { readonly start: number; readonly end: number; readonly label: string }[];
}

describe('a folder that spaCy saved a model into', { timeout: 10 * 60_000 }, () => {
  let bench: ImageBench;
  let folder: string;
  before(async () => {
    bench = await openImageBench();
    const { services, signal, root } = bench.workspace;
    folder = path.join(root, 'cities');
    await mkdir(folder);
    const uv = await services.uv(signal);
    const run = ['run', '--no-project', '--python', '3.11', '--with', 'spacy<3.9', 'python', '-c', program, folder];
    await uv.run(run, { subject: 'a model of the test', cwd: root }, signal);
  });
  after(async () => {
    await bench.close();
  });

  it('is served without a notebook, in a container as on this machine', async () => {
    const host = recordingHost();
    const { image } = await bench.build(folder, 'models/cities', { host });
    const [plan] = host.events.flatMap((event) => (event.event === 'imagePlan' ? [event.plan] : []));
    assert.match(JSON.stringify(plan?.layers), /"spacy 3\.8\./);
    const example = { inputs: ['From Ghent to Rome', 'Nowhere'] };
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'cities', example);
    const [found, none] = answers.invocations.predictions as readonly Answer[];
    assert.deepEqual(found?.ents, [{ start: 5, end: 10, label: 'CITY' }]);
    assert.deepEqual([none?.text, none?.ents], ['Nowhere', []]);
    await bench.engine.docker('rm', '--force', container);
    const model = await bench.workspace.deploy({ path: folder });
    assert.deepEqual(await askEndpoint(model.endpoint ?? '', 'cities', example), answers);
  });
});
