import type { Descriptor } from '../../core/image';
import { mediaTypes, ociLayerType, type ImageConfig, type ImageIndex, type ImageManifest } from '../../core/oci';
import { imagePaths } from './imagePaths';
import type { Layer } from './layerWriter';

/** What an image is labelled with. */
export interface ImageLabels {
  readonly model: string;
  /** The base by digest. */
  readonly base: string;
  readonly baseDigest: string;
  /** Digest of the bundle. */
  readonly bundle: string;
  readonly lock: string;
}

/** What an image says of itself. No time and no person: the same inputs must give the same digest. */
export interface ImageFacts extends ImageLabels {
  readonly layers: readonly { readonly layer: Layer; readonly title: string }[];
}

/** Labels that tell an image of Slipway from others, and what it holds. */
export const labels = { model: 'dev.slipway.model', bundle: 'dev.slipway.bundle' } as const;

export const serverPort = 8080;
export const healthPath = '/v2/health/ready';
/** Any other user works too: everything is readable to all, and only HOME is written. */
export const imageUser = '65532:65532';

/** The command that serves the model, without the part of it that a release adds. */
export function serveCommand(model: string): readonly string[] {
  return [
    ...[`/${imagePaths.venv}/bin/python`, '-u', `/${imagePaths.runtime}/worker.py`],
    ...['--bundle', `/${imagePaths.bundle}`, '--support', `/${imagePaths.support}`, '--model', model],
    ...['--host', '0.0.0.0', '--port', String(serverPort)],
  ];
}

/**
 * The configuration of an image on a base: its layers after those of the base, its command in place of theirs.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function imageConfig(base: ImageConfig, facts: ImageFacts): ImageConfig {
  const inherited = base.config ?? {};
  const { architecture, os, variant } = base;
  const diffIds = facts.layers.map(({ layer }) => layer.diffId);
  return {
    created: created(),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    config: {
      User: imageUser,
      ExposedPorts: { [`${serverPort}/tcp`]: {} },
      Env: environment(inherited.Env ?? []),
      Entrypoint: serveCommand(facts.model),
      WorkingDir: `/${imagePaths.bundle}`,
      Labels: { ...inherited.Labels, ...imageLabels(facts) },
      StopSignal: 'SIGTERM',
    },
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...diffIds] },
    history: [
      ...(base.history ?? []),
      ...facts.layers.map(({ title }) => ({ created: created(), created_by: `slipway: ${title}` })),
    ],
  };
}

/** The manifest that binds base layers, own layers and configuration. */
export function imageManifest(
  base: readonly Descriptor[],
  layers: readonly Layer[],
  config: { readonly digest: string; readonly size: number },
): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config.digest, size: config.size },
    layers: [
      ...base.map(({ mediaType, digest, size }) => ({ mediaType: ociLayerType(mediaType), digest, size })),
      ...layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    ],
  };
}

/**
 * The index of the same image for several platforms, as their configurations say them.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export function imageIndex(
  configs: readonly Pick<ImageConfig, 'os' | 'architecture' | 'variant'>[],
  manifests: readonly { readonly digest: string; readonly size: number }[],
): ImageIndex {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: configs.flatMap(({ os, architecture, variant }, index) => {
      const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
      const described = manifests[index];
      return described === undefined ? [] : [{ mediaType: mediaTypes.manifest, ...described, platform }];
    }),
  };
}

/** @see https://reproducible-builds.org/specs/source-date-epoch/ */
function created(): string {
  return new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? 0) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A random user has no home folder and no name, and the root file system may be read-only. */
export function imageEnvironment(path = defaultPath): Readonly<Record<string, string>> {
  return {
    PATH: `/${imagePaths.venv}/bin:${path}`,
    VIRTUAL_ENV: `/${imagePaths.venv}`,
    HOME: '/tmp',
    USER: 'slipway',
    XDG_CACHE_HOME: '/tmp/.cache',
    MPLCONFIGDIR: '/tmp/.cache/matplotlib',
    NUMBA_CACHE_DIR: '/tmp/.cache/numba',
    PYTHONUNBUFFERED: '1',
    PYTHONNOUSERSITE: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function environment(inherited: readonly string[]): readonly string[] {
  const values = variablesOf(inherited);
  for (const [name, value] of Object.entries(imageEnvironment(values.get('PATH')))) values.set(name, value);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** `NAME=value` lines of an image's configuration. */
export function variablesOf(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
export function imageLabels({ model, base, baseDigest, bundle, lock }: ImageLabels): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': model,
    'org.opencontainers.image.description': `The model ${model}, served over the Open Inference Protocol v2`,
    'org.opencontainers.image.base.name': base,
    'org.opencontainers.image.base.digest': baseDigest,
    [labels.model]: model,
    [labels.bundle]: bundle,
    'dev.slipway.lock': lock,
    'dev.slipway.health': healthPath,
  };
}
