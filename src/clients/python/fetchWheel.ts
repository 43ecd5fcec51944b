import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isUserError, UserError } from '../../core/errors';
import { asDiskError, exists, hashFile } from '../files/contentStore';
import { exchange, type HttpResponse } from '../http/exchange';
import { localFile, type Wheel } from './selectWheels';

const mostAttempts = 5;
const mostRedirects = 5;

/**
 * The file of a wheel or of a source, checked by its hash; kept in `folder` under the hash, so that it is fetched once.
 * @throws UserError IndexUnreachable, PackageHashMismatch, DiskFull
 */
export async function fetchWheel(folder: string, wheel: Wheel, signal: AbortSignal): Promise<string> {
  const file = path.join(folder, `${wheel.sha256}${wheel.isSource === true ? '.source' : '.whl'}`);
  if (await exists(file)) return file;
  const local = localFile(wheel);
  if (local !== undefined) {
    if ((await hashFile(local, signal)) !== wheel.sha256) throw hashMismatch(wheel);
    return local;
  }
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await download(wheel, temporary, signal);
    await rename(temporary, file);
    return file;
  } catch (cause) {
    throw asDiskError(cause, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function download(wheel: Wheel, file: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const digest = await downloadOnce(wheel, file, signal);
      if (digest !== wheel.sha256) throw hashMismatch(wheel);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (isUserError(error) || isDiskProblem(error)) throw error;
      if (attempt === mostAttempts) throw unreachable(wheel, error);
      await delay(250 * 2 ** attempt, undefined, { signal });
    }
  }
}

async function downloadOnce(wheel: Wheel, file: string, signal: AbortSignal): Promise<string> {
  const response = await open(new URL(wheel.url), signal);
  if (response.status !== 200) {
    response.body.destroy();
    const refused = unreachable(wheel, new Error(`the answer was ${response.status}`));
    throw response.status >= 500 || response.status === 429 ? new Error(refused.message) : refused;
  }
  const hash = createHash('sha256');
  await pipeline(
    response.body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file),
    { signal },
  );
  return hash.digest('hex');
}

/** Bytes of a wheel whose index does not tell; undefined where its server does not either. */
export async function fileSize(wheel: Wheel, signal: AbortSignal): Promise<number | undefined> {
  if (localFile(wheel) !== undefined) return undefined;
  try {
    const response = await open(new URL(wheel.url), signal, 'HEAD');
    response.body.resume();
    const bytes = Number(response.headers['content-length']);
    return response.status === 200 && bytes > 0 ? bytes : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function open(url: URL, signal: AbortSignal, method = 'GET'): Promise<HttpResponse> {
  let target = url;
  for (let redirects = 0; ; redirects++) {
    const response = await exchange({ method, url: withoutCredentials(target), headers: basic(target) }, signal);
    const { location } = response.headers;
    if (response.status < 300 || response.status >= 400 || location === undefined || redirects === mostRedirects)
      return response;
    response.body.resume();
    target = new URL(location, target);
  }
}

/** Private indexes stand in the configuration with a name and a password in their address. */
function basic(url: URL): Readonly<Record<string, string>> {
  if (url.username === '') return {};
  const words = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(words).toString('base64')}` };
}

function withoutCredentials(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function isDiskProblem(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes(code);
}

function unreachable(wheel: Wheel, cause: unknown): UserError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UserError(
    'IndexUnreachable',
    `The package file ${wheel.name} could not be fetched from ${new URL(wheel.url).host}: ${why}.`,
    {
      cause,
      remedy: {
        kind: 'hint',
        label: 'Check the network, the proxy variables and the index in your pip or uv configuration.',
      },
    },
  );
}

function hashMismatch(wheel: Wheel): UserError {
  return new UserError(
    'PackageHashMismatch',
    `The package file ${wheel.name} does not have the hash that the lock names, so it is not put into the image.`,
    {
      remedy: { kind: 'hint', label: 'Make the lock again, or ask who runs your package index why the file changed.' },
    },
  );
}
