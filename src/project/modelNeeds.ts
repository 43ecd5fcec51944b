import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import type { EntryPoint, ModelFormat, Requirement } from '../core/project';
import { spacyMeta } from './modelFolder';
import { providerOf } from './dependencies/importMap';
import { pretrainedNeeds } from './pretrainedNeeds';

/** Pickles above this are not searched for the packages that they need. */
const mostBytes = 200_000_000;

const loaders: Readonly<Record<ModelFormat, readonly string[]>> = {
  joblib: ['joblib'],
  pickle: [],
  onnx: ['onnxruntime', 'numpy'],
  xgboost: ['xgboost', 'numpy'],
  lightgbm: ['lightgbm', 'numpy'],
  safetensors: ['safetensors', 'numpy'],
};

/** Packages that loading a saved model takes: its library's and those that a pickle names; none for other entries. */
export async function modelNeeds(
  root: string,
  entry: EntryPoint,
  signal: AbortSignal,
): Promise<readonly Requirement[]> {
  if (entry.kind === 'spacy') return spacyNeeds(root, entry.path);
  if (entry.kind === 'transformers') {
    const specs = await pretrainedNeeds(root, entry);
    return specs.map((spec) => ({ spec, origin: `model folder ${entry.path}` }));
  }
  if (entry.kind !== 'modelFile') return [];
  const named =
    entry.format === 'joblib' || entry.format === 'pickle' ? await pickled(path.join(root, entry.path), signal) : [];
  const specs = [...loaders[entry.format].filter((name) => !named.includes(name)), ...named];
  return specs.sort().map((spec) => ({ spec, origin: `model file ${entry.path}` }));
}

/** The versions of spaCy that can load the model, and what its components come from. */
async function spacyNeeds(root: string, folder: string): Promise<readonly Requirement[]> {
  const meta = await spacyMeta(root, folder);
  const specs = meta === undefined ? ['spacy'] : [`spacy${meta.spacy.replaceAll(' ', '')}`, ...meta.requirements];
  return specs.map((spec) => ({ spec, origin: `spaCy model ${folder}` }));
}

/** Distributions of the modules that a pickle names; scikit-learn writes its own version into each estimator. */
async function pickled(file: string, signal: AbortSignal): Promise<readonly string[]> {
  if ((await stat(file)).size > mostBytes) return [];
  const text = inflated(await readFile(file, { signal })).toString('latin1');
  const modules = new Set(
    Array.from(text.matchAll(/(?:^|[^\w.]|c)([a-z_][a-z0-9_]{2,30})(?:\.[A-Za-z_]\w*)+/g), (match) => match[1] ?? ''),
  );
  const version = /_sklearn_version[\s\S]{1,8}?(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
  const names = [...modules].flatMap((module) => {
    const provider = providerOf(module, undefined, null);
    return provider.kind === 'distribution' && text.includes(`${module}.`) ? [provider.name] : [];
  });
  return [...new Set(names)].map((name) =>
    name === 'scikit-learn' && version !== undefined ? `${name}==${version}` : name,
  );
}

function inflated(bytes: Buffer): Buffer {
  try {
    if (bytes[0] === 0x78) return inflateSync(bytes);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes);
  } catch {
    return bytes;
  }
  return bytes;
}
