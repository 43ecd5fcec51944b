import path from 'node:path';
import { UserError } from '../core/errors';
import type { FolderEntry, TextTask } from '../core/project';
import { membersOf, readJson } from './jsonFile';

/** Weights as `save_pretrained` of transformers names them. */
export const weightsNames: readonly string[] = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'tf_model.h5',
];

/**
 * What a model of an architecture does, by the end of its class' name, for those whose input is text.
 * @see https://huggingface.co/docs/transformers/model_doc/auto
 */
const tasks: readonly (readonly [RegExp, TextTask])[] = [
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering(?:Simple)?$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/ForCausalLM$|(?<!With)LMHeadModel$/, 'text-generation'],
  [/ForConditionalGeneration$|MTModel$|^EncoderDecoderModel$/, 'text2text-generation'],
  [/(?<!Heads?|Encoder|Decoder)Model$/, 'feature-extraction'],
];

const tokenizerNames: readonly string[] = [
  ...['tokenizer.json', 'tokenizer_config.json', 'vocab.txt', 'vocab.json', 'merges.txt'],
  ...['spiece.model', 'sentencepiece.bpe.model', 'tokenizer.model'],
];

/** Saved beside a model that takes pictures or sound. */
const processorNames: readonly string[] = ['preprocessor_config.json', 'processor_config.json'];

type Has = (name: string) => boolean;
type PretrainedEntry = Extract<FolderEntry, { kind: 'transformers' }>;

/**
 * The model that `save_pretrained` of transformers, or `save` of sentence-transformers, wrote into a folder; undefined
 * for any other folder.
 * @throws UserError EntryUnsupported for one that does not answer to text, or not without more than the folder has
 */
export async function pretrainedEntry(root: string, folder: string, has: Has): Promise<PretrainedEntry | undefined> {
  const read = (name: string): Promise<unknown> => readJson(path.join(root, folder, name));
  const config = membersOf(await read('config.json'));
  const ofSentences = has('modules.json') && has('config_sentence_transformers.json');
  if (!ofSentences && !(weightsNames.some(has) && isOfTransformers(config))) return undefined;
  const needsCode = 'auto_map' in config || 'auto_map' in membersOf(await read('tokenizer_config.json'));
  if (needsCode) throw unsupported(root, folder, 'it needs Python code of its own (auto_map), which is never run');
  if (ofSentences) return sentences(root, folder, await read('modules.json'));
  const [architecture]: readonly unknown[] = Array.isArray(config['architectures']) ? config['architectures'] : [];
  if (typeof architecture !== 'string') throw unsupported(root, folder, 'its config.json names no architecture');
  const task = tasks.find(([pattern]) => pattern.test(architecture))?.[1];
  if (task === undefined || processorNames.some(has))
    throw unsupported(root, folder, `what a ${architecture} does with nothing but text is not known`);
  if (!tokenizerNames.some(has)) throw withoutTokenizer(root, folder);
  return { kind: 'transformers', path: folder, task };
}

function isOfTransformers(config: Readonly<Record<string, unknown>>): boolean {
  const isDescribed = typeof config['model_type'] === 'string' && Array.isArray(config['architectures']);
  return isDescribed || typeof config['transformers_version'] === 'string';
}

/** Modules are classes by their dotted names. */
function sentences(root: string, folder: string, modules: unknown): PretrainedEntry {
  const types = (Array.isArray(modules) ? modules : []).map((one: unknown) => membersOf(one)['type']);
  const foreign = types.find((type) => typeof type !== 'string' || !type.startsWith('sentence_transformers.'));
  if (types.length === 0 || foreign !== undefined)
    throw unsupported(root, folder, 'its modules.json names modules that are not of sentence-transformers');
  return { kind: 'transformers', path: folder, task: 'sentence-embedding' };
}

function unsupported(root: string, folder: string, why: string): UserError {
  return new UserError('EntryUnsupported', `The model in ${nameOf(root, folder)} cannot be served as it is: ${why}.`, {
    location: { file: path.join(root, folder, 'config.json') },
    remedy: { kind: 'hint', label: 'Add a notebook with a function predict that loads the folder.' },
  });
}

function withoutTokenizer(root: string, folder: string): UserError {
  const message = `The model in ${nameOf(root, folder)} has no tokenizer beside it, so nothing turns texts into its input.`;
  return new UserError('EntryUnsupported', message, {
    location: { file: path.join(root, folder, 'config.json') },
    remedy: { kind: 'hint', label: 'Save the tokenizer into the same folder with tokenizer.save_pretrained.' },
  });
}

function nameOf(root: string, folder: string): string {
  return JSON.stringify(path.basename(path.join(root, folder)));
}
