import { normalizeDistribution } from '../../clients/python/lock';

/** A lock without what depends on the processor that PyTorch computes on. */
export interface TorchPins {
  /** PyTorch and its kin with their versions and markers, as the lock has them, without hashes. */
  readonly pins: readonly string[];
  /** Everything else, without the libraries of GPUs where there are pins. */
  readonly rest: string;
}

/** Packages that PyTorch's own indexes offer once for each accelerator. */
const family = new Set(['torch', 'torchvision', 'torchaudio']);
/** What PyTorch brings for GPUs; its wheels for the processor need none of it. */
const gpuLibraries = /^(?:nvidia-|cuda-|triton$|pytorch-triton)/;

/**
 * Takes PyTorch out of the text of a lock. A lock that names a build itself, such as `torch==2.9.1+cu126`, keeps it
 * unless an accelerator is `asked` for.
 */
export function takeTorch(lock: string, asked: boolean): TorchPins {
  const blocks = lock.split(/\n(?=[A-Za-z0-9])/).filter((block) => block.trim() !== '');
  const isFamily = (block: string): boolean => family.has(nameOf(block));
  const found = blocks.filter(isFamily);
  const named = found.some((block) => /==[^\s;]+\+/.test(block));
  if (found.length === 0 || (named && !asked)) return { pins: [], rest: lock };
  const rest = blocks.filter((block) => !isFamily(block) && !gpuLibraries.test(nameOf(block)));
  return { pins: found.map(pinOf), rest: rest.map((block) => `${block.trimEnd()}\n`).join('') };
}

function nameOf(block: string): string {
  return normalizeDistribution(/^[\w.-]+/.exec(block)?.[0] ?? '');
}

/** `torch==2.9.1+cu126 ; sys_platform == 'linux' \` becomes `torch==2.9.1 ; sys_platform == 'linux'`. */
function pinOf(block: string): string {
  const line = block.split('\n')[0] ?? '';
  return line.replace(/\s*\\$/, '').replace(/(==[^\s;+]+)\+[^\s;]+/, '$1');
}
