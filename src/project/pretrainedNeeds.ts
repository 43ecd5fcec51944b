import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FolderEntry } from '../core/project';
import { membersOf, readJson } from './jsonFile';

/** Headers above this are not read: those of a model with a thousand layers have a megabyte. */
const mostHeaderBytes = 16_000_000;

/** Packages that load a model which transformers or sentence-transformers saved: by version, weights and tokenizer. */
export async function pretrainedNeeds(
  root: string,
  { path: relative, task }: Extract<FolderEntry, { kind: 'transformers' }>,
): Promise<readonly string[]> {
  const folder = path.join(root, relative);
  const names = await readdir(folder);
  const tokenizer = tokenizerNeeds(names);
  if (task === 'sentence-embedding') return [await sentenceTransformers(folder), ...tokenizer];
  const config = membersOf(await readJson(path.join(folder, 'config.json')));
  const transformers = `transformers${versionsThatLoad(config['transformers_version'])}`;
  if (!(await isOfTensorflow(folder, names))) return [transformers, 'torch', ...tokenizer];
  // Version 5 has PyTorch only; before, TensorFlow's models are of Keras 2, which is a package of its own since Keras 3.
  const [lower = transformers] = transformers.split(',');
  return [`${lower}${lower === 'transformers' ? '' : ','}<5`, 'tensorflow', 'tf-keras', ...tokenizer];
}

/** Later versions of the same major one load what an earlier one saved. Before 4, few wheels are left to load it with. */
function versionsThatLoad(saved: unknown): string {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,3})(?!\d)/.exec(typeof saved === 'string' ? saved : '') ?? [];
  if (major === undefined || minor === undefined) return '';
  return `>=${major}.${minor},<${String(Math.max(Number(major), 4) + 1)}`;
}

async function sentenceTransformers(folder: string): Promise<string> {
  const config = membersOf(await readJson(path.join(folder, 'config_sentence_transformers.json')));
  const saved = membersOf(config['__version__'])['sentence_transformers'];
  const [version] = /^\d{1,3}\.\d{1,3}(?!\d)/.exec(typeof saved === 'string' ? saved : '') ?? [];
  return version === undefined ? 'sentence-transformers' : `sentence-transformers>=${version}`;
}

function tokenizerNeeds(names: readonly string[]): readonly string[] {
  if (names.includes('tokenizer.json')) return [];
  // SentencePiece's models are protocol buffers, which transformers converts.
  if (names.some((name) => /^(?:spiece|sentencepiece\.bpe|tokenizer)\.model$|\.spm$/.test(name)))
    return ['sentencepiece', 'protobuf'];
  return names.some((name) => name.endsWith('.tiktoken')) ? ['tiktoken'] : [];
}

async function isOfTensorflow(folder: string, names: readonly string[]): Promise<boolean> {
  const [file] = names.filter((name) => /^model(?:-\d+-of-\d+)?\.safetensors$/.test(name)).sort();
  if (file !== undefined) return (await safetensorsFormat(path.join(folder, file))) === 'tf';
  return !names.some((name) => name.startsWith('pytorch_model'));
}

/**
 * The framework that a safetensors file names, `pt` or `tf`; undefined where it names none.
 * @see https://github.com/huggingface/safetensors#format
 */
async function safetensorsFormat(file: string): Promise<unknown> {
  const handle = await open(file, 'r');
  try {
    const length = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const bytes = length.bytesRead === 8 ? length.buffer.readBigUInt64LE() : 0n;
    if (bytes > mostHeaderBytes) return undefined;
    const header = await handle.read(Buffer.alloc(Number(bytes)), 0, Number(bytes), 8);
    const described = membersOf(JSON.parse(header.buffer.toString('utf8')));
    return membersOf(described['__metadata__'])['format'];
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
