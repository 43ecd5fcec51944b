import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, startContainer } from '../support/containers';
import { runTool } from '../testbed/runTool';
import { openImageBench, type ImageBench } from './imageBench';

const cases = path.join(import.meta.dirname, '../python');

/** TensorFlow's build for the processor and a release before Keras 3: the smallest that can be loaded with. */
const packages = ['tensorflow-cpu==2.15.*', 'transformers<5', 'numpy<2'];

/** A model whose weights say one class, whatever the text. */
const program = `
import sys, transformers
from server_cases_transformers import SMALL, save
config = transformers.BertConfig(**SMALL, id2label={0: "bad", 1: "good"})
save(sys.argv[1], "BertForSequenceClassification", config)
`;

interface Answer {
  readonly label: string;
  readonly score: number;
}

describe('a folder that transformers saved a model into', { timeout: 10 * 60_000 }, () => {
  let bench: ImageBench;
  let folder: string;
  let python: (...args: readonly string[]) => Promise<unknown>;
  before(async () => {
    bench = await openImageBench();
    const { services, signal, root } = bench.workspace;
    folder = path.join(root, 'reviews');
    await mkdir(folder);
    const uv = await services.uv(signal);
    const interpreter = path.join(root, 'with-tensorflow/bin/python');
    const options = { subject: 'the packages of the test', cwd: root };
    await uv.run(['venv', '--python', '3.11', 'with-tensorflow'], options, signal);
    await uv.run(['pip', 'install', '--python', interpreter, ...packages], options, signal);
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', TF_CPP_MIN_LOG_LEVEL: '3' };
    python = (...args) => runTool(interpreter, args, { cwd: cases, env });
    await python('-c', program, folder);
    await writeFile(path.join(folder, 'requirements.txt'), packages.join('\n'));
  });
  after(async () => {
    await bench.close();
  });

  it('answers as transformers does, for each task that takes texts', async () => {
    await python('-m', 'unittest', 'server_cases_transformers');
  });

  it('is served without a notebook, in a container without a network', async () => {
    // Byte code of TensorFlow takes longer than all else here.
    const { image } = await bench.build(folder, 'models/reviews', { byteCode: false });
    const example = { inputs: ['a good text', 'a bad text'] };
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'reviews', example);
    const found = answers.invocations.predictions as readonly Answer[];
    assert.equal(found.length, 2);
    for (const { label, score } of found) assert.ok(['good', 'bad'].includes(label) && score > 0 && score < 1);
  });
});
