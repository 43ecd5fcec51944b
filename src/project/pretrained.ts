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
type Found = Pick<PretrainedEntry, 'task'> | { readonly problem: string; readonly remedy?: string };

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
  const needsCode = [config, membersOf(await read('tokenizer_config.json'))].some((one) => 'auto_map' in one);
  const found = needsCode
    ? { problem: 'it needs Python code of its own (auto_map), which is never run' }
    : ofSentences
      ? modulesTask(await read('modules.json'))
      : textTask(config['architectures'], has);
  if ('problem' in found) throw unsupported(root, folder, found.problem, found.remedy);
  return { kind: 'transformers', path: folder, task: found.task };
}

function isOfTransformers(config: Readonly<Record<string, unknown>>): boolean {
  const isDescribed = typeof config['model_type'] === 'string' && Array.isArray(config['architectures']);
  return isDescribed || typeof config['transformers_version'] === 'string';
}

/** Modules are classes by their dotted names. */
function modulesTask(modules: unknown): Found {
  const types = (Array.isArray(modules) ? modules : []).map((one: unknown) => membersOf(one)['type']);
  const isKnown = (type: unknown): boolean => typeof type === 'string' && type.startsWith('sentence_transformers.');
  return types.length > 0 && types.every(isKnown)
    ? { task: 'sentence-embedding' }
    : { problem: 'its modules.json names modules that are not of sentence-transformers' };
}

function textTask(architectures: unknown, has: Has): Found {
  const listed: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const [name] = listed;
  if (typeof name !== 'string') return { problem: 'its config.json names no architecture' };
  const task = tasks.find(([pattern]) => pattern.test(name))?.[1];
  if (task === undefined || processorNames.some(has))
    return { problem: `what a ${name} does with nothing but text is not known` };
  if (tokenizerNames.some(has)) return { task };
  const remedy = 'Save the tokenizer into the same folder with tokenizer.save_pretrained.';
  return { problem: 'there is no tokenizer beside it, which turns texts into its input', remedy };
}

function unsupported(
  root: string,
  folder: string,
  problem: string,
  remedy = 'Add a notebook with a function predict that loads the folder.',
): UserError {
  const name = JSON.stringify(path.basename(path.join(root, folder)));
  return new UserError('EntryUnsupported', `The model in ${name} cannot be served as it is: ${problem}.`, {
    location: { file: path.join(root, folder, 'config.json') },
    remedy: { kind: 'hint', label: remedy },
  });
}
