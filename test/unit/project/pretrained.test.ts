import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Inspection } from '../../../src/core/project';
import { inspectProject } from '../../../src/project/inspectProject';
import { failure } from '../../support/failure';
import { notebook, signal, temporaryFolder, tools } from './fixtures';

const base = temporaryFolder(after);
let count = 0;

type Files = Readonly<Record<string, string | Buffer>>;

function project(files: Files): string {
  const root = path.join(base, `reviews${(count += 1)}`);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), content);
  }
  return root;
}

const inspect = (root: string): Promise<Inspection> => inspectProject(root, { tools }, signal);

/** A safetensors file without tensors, as a framework's library writes it. */
function weights(format: string): Buffer {
  const header = Buffer.from(JSON.stringify({ __metadata__: { format } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

const described = {
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  transformers_version: '4.46.3',
};

function saved(config: object = {}, more: Files = {}): Files {
  return {
    'config.json': JSON.stringify({ ...described, ...config }),
    'model.safetensors': weights('pt'),
    'tokenizer.json': '{}',
    'tokenizer_config.json': '{}',
    ...more,
  };
}

const within = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

function without(name: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));
}

async function needs(files: Files): Promise<readonly string[]> {
  return (await inspect(project(files))).project.dependencies.requirements.map((one) => one.spec);
}

async function task(files: Files): Promise<string | undefined> {
  const { entry } = (await inspect(project(files))).project;
  return entry.kind === 'transformers' ? entry.task : undefined;
}

const entry = { kind: 'transformers', path: 'model', task: 'text-classification' };
const served = 'def predict(x):\n    return x';
const refused = (files: Files, why: RegExp): Promise<unknown> =>
  failure(inspect(project(files)), 'EntryUnsupported', why);

describe('a folder of save_pretrained', () => {
  it('is served whether it is opened itself, lies in a project, is named, or one of its files is', async () => {
    assert.deepEqual((await inspect(project(saved()))).project.entry, { ...entry, path: '.' });
    const inFolder = within('model', saved());
    assert.deepEqual((await inspect(project(inFolder))).project.entry, entry);
    const files = { ...inFolder, 'a.ipynb': notebook(served), 'slipway.yaml': 'entry: model\n' };
    assert.deepEqual((await inspect(project(files))).project.entry, entry);
    const root = project({ ...inFolder, 'requirements.txt': '' });
    assert.deepEqual((await inspect(path.join(root, 'model/model.safetensors'))).project.entry, entry);
  });

  it('gives way to a notebook with a predict, and its checkpoints and modules are a part of it', async () => {
    const beside = await inspect(project({ ...within('model', saved()), 'a.ipynb': notebook(served) }));
    assert.equal(beside.project.entry.kind, 'notebook');
    const files = { ...saved(), ...within('checkpoint-500', saved()) };
    assert.deepEqual((await inspect(project(within('model', files)))).project.entry, entry);
  });

  it('is one of several models where there is one of spaCy too', async () => {
    const meta = JSON.stringify({ lang: 'en', spacy_version: '>=3.8.2,<3.9.0' });
    const spacy = { 'ner/config.cfg': '', 'ner/meta.json': meta };
    const found = await inspect(project({ ...within('model', saved()), ...spacy }));
    assert.equal(found.project.entry.kind, 'none');
    assert.match(found.findings.map((one) => one.message).join(), /several model files \("model", "ner"\)/);
  });

  it('does what its architecture is for', async () => {
    const of = (architecture: string): Promise<string | undefined> => task(saved({ architectures: [architecture] }));
    assert.equal(await of('DistilBertForTokenClassification'), 'token-classification');
    assert.equal(await of('RobertaForMaskedLM'), 'fill-mask');
    assert.equal(await of('LlamaForCausalLM'), 'text-generation');
    assert.equal(await of('GPT2LMHeadModel'), 'text-generation');
    assert.equal(await of('BertForQuestionAnswering'), 'question-answering');
    assert.equal(await of('T5ForConditionalGeneration'), 'text2text-generation');
    assert.equal(await of('MarianMTModel'), 'text2text-generation');
    assert.equal(await of('BertModel'), 'feature-extraction');
  });

  it('is refused by name where text alone, its files or its code do not suffice', async () => {
    const image = /"reviews\d+" .* what a ViTForImageClassification does with nothing but text is not known/;
    await refused(saved({ architectures: ['ViTForImageClassification'] }), image);
    await refused(saved({ architectures: ['XLMWithLMHeadModel'] }), /XLMWithLMHeadModel/);
    await refused(saved({ architectures: ['VisionEncoderDecoderModel'] }), /VisionEncoderDecoderModel/);
    const withPictures = saved(
      { architectures: ['BlipForConditionalGeneration'] },
      { 'preprocessor_config.json': '{}' },
    );
    await refused(withPictures, /BlipForConditionalGeneration/);
    await refused(saved({ architectures: [] }), /names no architecture/);
    await refused(saved({ auto_map: { AutoModel: 'modeling_own.Own' } }), /Python code of its own/);
    await refused(saved({}, { 'tokenizer_config.json': '{"auto_map": {}}' }), /Python code of its own/);
    await refused(without('tokenizer.json', without('tokenizer_config.json', saved())), /no tokenizer/);
    const named = { ...within('model', saved({ architectures: ['Own'] })), 'slipway.yaml': 'entry: model\n' };
    await refused(named, /what a Own does/);
  });

  it('leaves a project as it is where only the folder cannot be served', async () => {
    const other = within('model', saved({ architectures: ['ViTForImageClassification'] }));
    const found = await inspect(project({ ...other, 'a.ipynb': notebook('x = 1') }));
    assert.deepEqual(found.project.entry, { kind: 'none', notebook: 'a.ipynb' });
  });

  it('is not seen in what another library wrote, in broken files and in what is too large', async () => {
    const other = async (config: string): Promise<void> => {
      const { entry: chosen } = (await inspect(project({ ...saved(), 'config.json': config }))).project;
      assert.deepEqual(chosen, { kind: 'modelFile', path: 'model.safetensors', format: 'safetensors' });
    };
    await other('{"module": "keras", "class_name": "Sequential", "config": {}}');
    await other('{"model_type": "bert"');
    await other('["transformers_version"]');
    await other(JSON.stringify({ ...described, filler: 'x'.repeat(17_000_000) }));
    await failure(inspect(project(without('model.safetensors', saved()))), 'ProjectEmpty', /no notebook/);
    const endless = project(without('config.json', saved()));
    symlinkSync('/dev/zero', path.join(endless, 'config.json'));
    assert.equal((await inspect(endless)).project.entry.kind, 'modelFile');
  });
});

describe('packages of a folder of save_pretrained', () => {
  it('are those of its version, its weights and its tokenizer', async () => {
    assert.deepEqual(await needs(saved()), ['transformers>=4.46,<5', 'torch']);
    assert.deepEqual(await needs(saved({ transformers_version: '5.3.0.dev0' })), ['transformers>=5.3,<6', 'torch']);
    assert.deepEqual(await needs(saved({ transformers_version: '3.0.2' })), ['transformers>=3.0,<5', 'torch']);
    for (const odd of [undefined, 4, '4', '4.46; import os', '-r evil.txt', '99999.1'])
      assert.ok((await needs(saved({ transformers_version: odd })))[0]?.match(/^transformers(>=4\.46,<5)?$/));
    const slow = without('tokenizer.json', saved({}, { 'spiece.model': '' }));
    assert.deepEqual(await needs(slow), ['transformers>=4.46,<5', 'torch', 'sentencepiece', 'protobuf']);
  });

  it('are of the framework whose weights they are', async () => {
    const tensorflow = ['transformers>=4.46,<5', 'tensorflow', 'tf-keras'];
    assert.deepEqual(await needs(saved({}, { 'model.safetensors': weights('tf') })), tensorflow);
    const other = without('model.safetensors', saved());
    assert.deepEqual(await needs({ ...other, 'tf_model.h5': '' }), tensorflow);
    assert.deepEqual(await needs({ ...other, 'tf_model.h5': '', 'pytorch_model.bin': '' }), await needs(saved()));
    const shards = { 'model.safetensors.index.json': '{}', 'model-00001-of-00002.safetensors': weights('tf') };
    assert.deepEqual(await needs({ ...other, ...shards }), tensorflow);
    const damaged = Buffer.alloc(64, 0xff);
    assert.deepEqual(await needs(saved({}, { 'model.safetensors': damaged })), await needs(saved()));
  });

  it('are the ones that the project names, where it does', async () => {
    assert.deepEqual(await needs(saved({}, { 'requirements.txt': 'torch==2.6.0\n' })), ['torch==2.6.0']);
  });
});

describe('a folder of sentence-transformers', () => {
  const modules = (...types: readonly string[]): string => JSON.stringify(types.map((type, idx) => ({ idx, type })));
  const types = ['sentence_transformers.models.Transformer', 'sentence_transformers.models.Pooling'];
  const versions = { __version__: { sentence_transformers: '3.0.1', transformers: '4.41.2', pytorch: '2.3.0+cu121' } };
  const files = (listed: string, config: object = { architectures: ['BertModel'] }): Files =>
    saved(config, { 'modules.json': listed, 'config_sentence_transformers.json': JSON.stringify(versions) });

  it('answers with embeddings', async () => {
    assert.equal(await task(files(modules(...types))), 'sentence-embedding');
    assert.deepEqual(await needs(files(modules(...types))), ['sentence-transformers>=3.0']);
  });

  it('is refused where it needs code of other modules', async () => {
    await refused(files(modules(...types, 'os.Own')), /not of sentence-transformers/);
    await refused(files('{'), /not of sentence-transformers/);
    await refused(files(modules(...types), { auto_map: {} }), /Python code of its own/);
  });
});
