import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { UserError } from '../../core/errors';
import { dockerConfigFolder, readDockerConfig } from '../registry/dockerConfig';
import { contextInvalid, parseEngineAddress, type EngineAddress, type TlsFiles } from './address';

/** The engine that the user works with, as the `docker` command finds it. */
export interface EngineContext {
  /** `the context NAME` or `DOCKER_HOST`, for messages. */
  readonly chosenBy: string;
  /** `unix:///var/run/docker.sock`, as it is written in the configuration. */
  readonly host: string;
  readonly address: EngineAddress;
}

const defaultHost = process.platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';

/**
 * DOCKER_HOST, then DOCKER_CONTEXT, then what `docker context use` chose, then this machine's engine.
 * @see https://docs.docker.com/engine/manage-resources/contexts/
 * @throws UserError DockerContextInvalid, DockerConfigInvalid
 */
export async function findEngineContext(): Promise<EngineContext> {
  const host = process.env['DOCKER_HOST'] ?? '';
  if (host !== '') {
    const address = await parseEngineAddress(host, tlsOfEnvironment());
    return { chosenBy: 'DOCKER_HOST', host, address };
  }
  const named = process.env['DOCKER_CONTEXT'] ?? '';
  const name = named === '' ? ((await readDockerConfig()).currentContext ?? 'default') : named;
  return name === '' || name === 'default'
    ? { chosenBy: 'the context default', host: defaultHost, address: await parseEngineAddress(defaultHost, undefined) }
    : storedContext(name);
}

interface ContextMeta {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean } };
}

/** A context's folder is named by the hash of its name. */
async function storedContext(name: string): Promise<EngineContext> {
  const folder = path.join(dockerConfigFolder(), 'contexts');
  const id = createHash('sha256').update(name).digest('hex');
  const file = path.join(folder, 'meta', id, 'meta.json');
  let meta: ContextMeta;
  try {
    meta = JSON.parse(await readFile(file, 'utf8')) as ContextMeta;
  } catch (cause) {
    throw new UserError('DockerContextInvalid', `The Docker context ${JSON.stringify(name)} cannot be read.`, {
      cause,
      remedy: {
        kind: 'hint',
        label: 'List the contexts with: docker context ls. Choose one with: docker context use.',
      },
    });
  }
  const { Host: host = '', SkipTLSVerify: skip = false } = meta.Endpoints?.docker ?? {};
  if (host === '') throw contextInvalid(`The Docker context ${JSON.stringify(name)} names no engine.`);
  const tls = { folder: path.join(folder, 'tls', id, 'docker'), verify: !skip, isOptional: !skip };
  return { chosenBy: `the context ${name}`, host, address: await parseEngineAddress(host, tls) };
}

/** @see https://docs.docker.com/reference/cli/docker/#environment-variables */
function tlsOfEnvironment(): TlsFiles | undefined {
  const verify = (process.env['DOCKER_TLS_VERIFY'] ?? '') !== '';
  if (!verify && (process.env['DOCKER_TLS'] ?? '') === '') return undefined;
  const folder = process.env['DOCKER_CERT_PATH'] ?? '';
  return { folder: folder === '' ? path.join(homedir(), '.docker') : folder, verify, isOptional: !verify };
}
