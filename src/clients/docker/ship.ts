import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../core/errors';
import { formatImageReference, type ImageReference } from '../../core/image';
import { asDiskError } from '../files/contentStore';
import { errorOf, statusLine } from './buildLog';
import type { DockerEngine } from './connect';
import { connectionLost, readMessages } from './messages';
import { engineCredentials } from './registryAuth';

/**
 * Pushes an image of the engine under a tag, with the credentials of `docker login`. A push that fails leaves no tag in
 * the registry, nor on the engine.
 * @returns the digest that the registry knows it by
 * @throws UserError RegistryUnauthorized, RegistryDenied, EnginePushFailed, EngineConnectionLost
 */
export async function pushFromEngine(
  engine: DockerEngine,
  imageId: string,
  reference: ImageReference & { readonly tag: string },
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { tag } = reference;
  const repo = repositoryOf(reference);
  const credentials = engineCredentials(reference.registry, await engine.credentials(reference.registry, signal));
  await engine.docker.getImage(imageId).tag({ repo, tag, abortSignal: signal });
  try {
    return await push(engine, reference, { tag, authconfig: credentials ?? {}, abortSignal: signal }, onLine);
  } catch (cause) {
    await engine.docker
      .getImage(`${repo}:${tag}`)
      .remove({ noprune: true })
      .catch(() => undefined);
    signal.throwIfAborted();
    throw connectionLost(engine, `while it pushed to ${repo}`, cause);
  }
}

async function push(
  { docker }: DockerEngine,
  reference: ImageReference,
  options: object,
  onLine: (line: string) => void,
): Promise<string> {
  const repo = repositoryOf(reference);
  const answer = await docker.getImage(repo).push(options);
  let digest: string | undefined;
  for await (const message of readMessages(answer)) {
    const error = errorOf(message);
    if (error !== undefined) throw pushFailed(reference.registry, repo, error);
    digest = digestOf(message.aux) ?? digest;
    const line = statusLine(message);
    if (line !== undefined) onLine(line);
  }
  if (digest !== undefined) return digest;
  throw new UserError('EnginePushFailed', `The Docker engine did not say under which digest ${repo} was pushed.`, {
    remedy: { kind: 'hint', label: 'Try again. A newer engine may help.' },
  });
}

function digestOf(aux: unknown): string | undefined {
  const digest = typeof aux === 'object' && aux !== null && 'Digest' in aux ? aux.Digest : undefined;
  return typeof digest === 'string' ? digest : undefined;
}

/** The engine hands on what the registry said, in words only. */
function pushFailed(host: string, repo: string, said: string): UserError {
  const hint = (label: string) => ({ remedy: { kind: 'hint', label } as const });
  if (/unauthorized|authentication required|no basic auth|incorrect username or password/i.test(said)) {
    const label = `Run: docker login ${host}. Slipway uses the credentials that Docker stores.`;
    return new UserError(
      'RegistryUnauthorized',
      `${host} does not accept the credentials to push to ${repo}. It says: ${said}`,
      hint(label),
    );
  }
  if (/denied|forbidden/i.test(said)) {
    const label = `Ask who runs ${host} for the right, or log in as somebody else.`;
    return new UserError(
      'RegistryDenied',
      `${host} does not allow you to push to ${repo}. It says: ${said}`,
      hint(label),
    );
  }
  const isPlain = said.includes('server gave HTTP response to HTTPS client');
  return new UserError('EnginePushFailed', `The Docker engine could not push to ${repo}: ${said}`, {
    ...hint(
      isPlain
        ? `Add ${host} to insecure-registries of the engine: a registry without encryption is its decision.`
        : 'Check that the engine reaches the registry, which may be another machine than this one.',
    ),
  });
}

/**
 * Writes an image of the engine to a file for `docker load`, under a name. It appears when it is complete.
 * @throws UserError DiskFull, EngineConnectionLost
 */
export async function saveFromEngine(
  engine: DockerEngine,
  imageId: string,
  name: { readonly repo: string; readonly tag: string },
  file: string,
  signal: AbortSignal,
): Promise<void> {
  await engine.docker.getImage(imageId).tag({ ...name, abortSignal: signal });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const answer = await engine.docker.getImage(`${name.repo}:${name.tag}`).get();
    await pipeline(answer, createWriteStream(temporary), { signal });
    await rename(temporary, file);
  } catch (cause) {
    signal.throwIfAborted();
    const disk = asDiskError(cause, file);
    throw disk === cause ? connectionLost(engine, 'while it wrote the image', cause) : disk;
  } finally {
    await rm(temporary, { force: true });
  }
}

function repositoryOf({ registry, repository }: ImageReference): string {
  return formatImageReference({ registry, repository });
}
