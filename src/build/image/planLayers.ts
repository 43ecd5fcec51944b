import type { Wheel } from '../../clients/python/selectWheels';
import type { LayerKind, PlannedLayer } from '../../core/imagePlan';
import type { LayerFile } from './filesLayer';
import { groupWheels } from './groupWheels';
import { imagePaths } from './imagePaths';
import type { BaseFacts } from './probeBase';
import { splitFiles } from './splitFiles';

/** A file of the bundle or the server. */
export interface SourceFile {
  /** Relative, POSIX separators. */
  readonly path: string;
  /** Absolute. */
  readonly file: string;
  readonly size: number;
}

/** What a base image holds of Python's standard library as source only. */
export interface LibrarySource {
  /** Of this machine, with the `files` in it. */
  readonly folder: string;
  /** In the image, without a leading slash. */
  readonly path: string;
  readonly files: readonly string[];
  /** The base's digest, by which the content is known. */
  readonly base: string;
}

/** What an image is made of, before it is laid out. */
export interface ImageParts {
  readonly base: BaseFacts;
  /** The user's packages, with pip. */
  readonly packages: readonly Wheel[];
  /** What the server needs beside them. */
  readonly support: readonly Wheel[];
  /** The server's own files, below `folder`. */
  readonly server: readonly SourceFile[];
  readonly bundle: readonly SourceFile[];
  readonly byteCode: boolean;
  readonly library: LibrarySource | undefined;
}

/** A layer with the recipe to make it. */
export type LayerRecipe =
  | { readonly kind: 'wheels'; readonly part: 'packages' | 'support'; readonly wheels: readonly Wheel[] }
  | {
      readonly kind: 'byteCode';
      readonly part: 'packages' | 'support';
      readonly wheels: readonly Wheel[];
      readonly server: readonly SourceFile[];
    }
  | { readonly kind: 'library'; readonly library: LibrarySource }
  | { readonly kind: 'files'; readonly part: LayerKind; readonly files: readonly LayerFile[] };

/** Every layer on top of the base, what changes seldom first. Pure: the same parts give the same layers. */
export function planLayers(parts: ImageParts): readonly LayerRecipe[] {
  const packages = groupWheels(parts.packages);
  const { data, code } = splitFiles(parts.bundle);
  return [
    { kind: 'files', part: 'environment', files: environmentFiles(parts.base) },
    ...(parts.byteCode && parts.library !== undefined ? [{ kind: 'library', library: parts.library } as const] : []),
    ...packages.map((wheels) => ({ kind: 'wheels', part: 'packages', wheels }) as const),
    ...(parts.byteCode
      ? packages.map((wheels) => ({ kind: 'byteCode', part: 'packages', wheels, server: [] }) as const)
      : []),
    ...(parts.support.length === 0 ? [] : [{ kind: 'wheels', part: 'support', wheels: parts.support } as const]),
    { kind: 'files', part: 'server', files: at(imagePaths.runtime, parts.server) },
    ...(parts.byteCode
      ? [{ kind: 'byteCode', part: 'support', wheels: parts.support, server: parts.server } as const]
      : []),
    ...data.map((files) => ({ kind: 'files', part: 'data', files: at(imagePaths.bundle, files) }) as const),
    {
      kind: 'files',
      part: 'code',
      files: [{ kind: 'folder', path: imagePaths.bundle }, ...at(imagePaths.bundle, code)],
    },
  ];
}

/** Whoever reads the plan learns that code of the package runs on this machine. */
const builtHere = ' (no wheel: built from its source on this machine)';

/** A recipe in words, with the bytes that go into it. */
export function describeRecipe(recipe: LayerRecipe): PlannedLayer {
  if (recipe.kind === 'files') {
    const sources = recipe.files.filter((file) => file.kind === 'source');
    const bytes = sources.reduce((sum, file) => sum + file.size, 0);
    return { kind: recipe.part, holds: sources.map((file) => file.path), bytes };
  }
  if (recipe.kind === 'library') return { kind: 'byteCode', holds: ["Python's standard library"] };
  const named = recipe.wheels.map((wheel) => `${wheel.distribution} ${wheel.version}`);
  if (recipe.kind === 'byteCode') return { kind: 'byteCode', holds: named };
  const holds = recipe.wheels.map(
    ({ isSource }, index) => `${named[index] ?? ''}${isSource === true ? builtHere : ''}`,
  );
  const sizes = recipe.wheels.map((wheel) => wheel.size);
  if (sizes.includes(undefined)) return { kind: recipe.part, holds };
  return { kind: recipe.part, holds, bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) };
}

/** One line for the image's history. */
export function titleOf({ kind, holds }: PlannedLayer): string {
  const most = 12;
  const more = holds.length > most ? ` and ${holds.length - most} more` : '';
  const what = ['packages', 'support', 'byteCode'].includes(kind) ? ` ${holds.slice(0, most).join(', ')}${more}` : '';
  return `${kind === 'byteCode' ? 'byte code of' : kind}${what}`.trimEnd();
}

/** An empty virtual environment on the base's Python. @see https://docs.python.org/3/library/venv.html#how-venvs-work */
function environmentFiles({ python, minor }: BaseFacts): readonly LayerFile[] {
  const root = imagePaths.venv;
  const home = python.slice(0, python.lastIndexOf('/'));
  const lines = [
    `home = ${home}`,
    'include-system-site-packages = false',
    `version = ${minor}`,
    `executable = ${python}`,
  ];
  return [
    { kind: 'content', path: `${root}/pyvenv.cfg`, content: `${lines.join('\n')}\n` },
    { kind: 'link', path: `${root}/bin/python`, target: python },
    { kind: 'link', path: `${root}/bin/python3`, target: 'python' },
    { kind: 'link', path: `${root}/bin/python${minor}`, target: 'python' },
    { kind: 'link', path: `${root}/lib64`, target: 'lib' },
    { kind: 'folder', path: `${root}/lib/python${minor}/site-packages` },
    { kind: 'folder', path: imagePaths.support },
  ];
}

function at(folder: string, files: readonly SourceFile[]): readonly LayerFile[] {
  return files.map(({ path, file, size }) => ({ kind: 'source', path: `${folder}/${path}`, file, size }));
}
