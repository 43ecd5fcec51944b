import { UserError } from './errors';

/** Where an image lies: `registry/repository`, and which one of the repository. */
export interface ImageReference {
  /** Host with an optional port, as the user types it: `ghcr.io`, `127.0.0.1:5000`, `docker.io`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…`; wins over the tag. */
  readonly digest?: string;
}

/** What an image runs on, in the words of the OCI image index: `linux/arm64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;
const registryPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/**
 * Reads a reference as Docker does: a first part without a dot, a port or `localhost` belongs to Docker Hub.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests for the grammar
 * @throws UserError ImageReferenceInvalid
 */
export function parseImageReference(text: string): ImageReference {
  const [named, digest] = split(text, '@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const reference = {
    ...locate(hasTag ? named.slice(0, colon) : named),
    ...(hasTag ? { tag: named.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
  if (!isValid(reference)) throw referenceInvalid(text);
  return reference;
}

function isValid({ registry, repository, tag = 'latest', digest }: ImageReference): boolean {
  const isNamed = repositoryPattern.test(repository) && registryPattern.test(registry);
  return isNamed && tagPattern.test(tag) && (digest === undefined || digestPattern.test(digest));
}

/**
 * The repository of a model in a registry.
 * @param registry `HOST` or `HOST/NAMESPACE`, as the user writes it
 * @throws UserError ImageReferenceInvalid
 */
export function repositoryIn(registry: string, model: string): ImageReference {
  const plain = registry
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');
  return parseImageReference(`${plain}/${model}`);
}

/** `registry/repository:tag`, or `…@sha256:…` where the digest is known. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  const which = digest !== undefined ? `@${digest}` : tag === undefined ? '' : `:${tag}`;
  return `${registry}/${repository}${which}`;
}

/** Reads `linux/amd64`. @throws UserError PlatformInvalid */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', ...rest] = text.split('/');
  if (os !== 'linux' || !['amd64', 'arm64'].includes(architecture) || rest.length > 0) {
    throw new UserError('PlatformInvalid', `Images cannot be built for the platform ${JSON.stringify(text)}.`, {
      remedy: { kind: 'hint', label: 'Use linux/amd64 or linux/arm64, or both with a comma between them.' },
    });
  }
  return { os, architecture };
}

/** Reads one platform, or several with commas between them; each counts once. @throws UserError PlatformInvalid */
export function parsePlatforms(text = 'linux/amd64'): readonly [Platform, ...Platform[]] {
  const [first = '', ...further] = new Set(text.split(',').map((one) => one.trim()));
  return [parsePlatform(first), ...further.map(parsePlatform)];
}

export function formatPlatform({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}

function locate(name: string): { readonly registry: string; readonly repository: string } {
  const [first, rest] = split(name, '/');
  const isHost = rest !== undefined && (/[.:]/.test(first) || first === 'localhost');
  if (isHost && !['docker.io', 'index.docker.io'].includes(first)) return { registry: first, repository: rest };
  const onHub = isHost ? rest : name;
  return { registry: 'docker.io', repository: onHub.includes('/') ? onHub : `library/${onHub}` };
}

/** Splits at the first separator. */
function split(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function referenceInvalid(text: string): UserError {
  return new UserError('ImageReferenceInvalid', `${JSON.stringify(text)} does not name an image in a registry.`, {
    remedy: { kind: 'hint', label: 'Write HOST/REPOSITORY in lower case, for example ghcr.io/me/iris.' },
  });
}
