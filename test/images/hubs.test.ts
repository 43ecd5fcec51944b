import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, startContainer } from '../support/containers';
import { notebookOf } from '../support/notebooks';
import { recordingHost } from '../support/recordingHost';
import { openImageBench, type ImageBench } from './imageBench';

const revision = '5f4c3b2a19087f6e5d4c3b2a19087f6e5d4c3b2a';

/** A tokenizer as its library saves it: each known word has a number. */
const tokenizer = JSON.stringify({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: { '[UNK]': 0, good: 1, bad: 2, the: 3 }, unk_token: '[UNK]' },
});

const cells = [
  'from huggingface_hub import hf_hub_download\nfrom nltk.corpus import stopwords\nfrom tokenizers import Tokenizer',
  'known = None\ndef load():\n    global known\n    known = Tokenizer.from_file(hf_hub_download("acme/words", "tokenizer.json"))',
  'def predict(texts):\n    common = set(stopwords.words("english"))\n    kept = [" ".join(word for word in text.split() if word not in common) for text in texts]\n    return [known.encode(text).ids for text in kept]',
  { id: 'example', source: 'texts = ["the good"]', tags: ['example'] },
];

describe('a model that uses files of hubs', { timeout: 10 * 60_000 }, () => {
  let bench: ImageBench;
  let variables: Readonly<Record<string, string>>;
  before(async () => {
    bench = await openImageBench();
    const caches = path.join(bench.workspace.root, 'caches');
    variables = {
      HF_HOME: path.join(caches, 'hf'),
      HF_HUB_OFFLINE: '1',
      NLTK_DATA: path.join(caches, 'nltk'),
    };
    const repository = path.join(caches, 'hf/hub/models--acme--words');
    const files: Readonly<Record<string, string>> = {
      [path.join(repository, 'refs/main')]: revision,
      [path.join(repository, 'blobs/0123')]: tokenizer,
      [path.join(caches, 'nltk/corpora/stopwords/english')]: 'the\na\n',
    };
    for (const [file, content] of Object.entries(files)) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const snapshot = path.join(repository, 'snapshots', revision);
    await mkdir(snapshot, { recursive: true });
    await symlink('../../blobs/0123', path.join(snapshot, 'tokenizer.json'));
    Object.assign(process.env, variables);
  });
  after(async () => {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
    await bench.close();
  });

  it('brings them along by revision, and loads them without a network', async () => {
    const folder = await bench.workspace.writeProject('words', {
      'requirements.txt': 'huggingface_hub\ntokenizers\nnltk\n',
      'words.ipynb': notebookOf(...cells),
      'slipway.yaml': 'python: "3.11"\n',
    });
    const host = recordingHost();
    const { image } = await bench.build(folder, 'models/words', { host });
    const told = host.events.flatMap((event) => (event.event === 'finding' ? [event.finding] : []));
    const messages = told.filter(({ code }) => code === 'HubFilesIncluded').map(({ message }) => message);
    assert.match(messages.join('\n'), /acme\/words at revision 5f4c3b2a1908, .* of Hugging Face/);
    assert.match(messages.join('\n'), /corpora\/stopwords, .* of NLTK data/);
    const plans = host.events.flatMap((event) => (event.event === 'imagePlan' ? [event.plan] : []));
    const [plan] = plans;
    assert.ok(plan !== undefined && 'layers' in plan);
    const data = plan.layers.filter(({ kind }) => kind === 'data').flatMap(({ holds }) => holds);
    assert.ok(data.some((name) => name.endsWith(`models--acme--words/snapshots/${revision}/tokenizer.json`)));
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'words', { inputs: ['the good bad', 'other'] });
    assert.deepEqual(answers.invocations.predictions, [[1, 2], [0]]);
    await bench.engine.docker('rm', '--force', container);
  });
});
