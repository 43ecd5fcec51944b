import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { isUserError, UserError } from '../../core/errors';
import { runProcess } from '../process/runProcess';

/** What a registry is shown. Never log it: nothing here may reach an error, a log or a command line. */
export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth refresh token, which some registries hand out in place of a password. */
  | { readonly kind: 'identityToken'; readonly token: string }
  /** A bearer token that is used as it is. */
  | { readonly kind: 'registryToken'; readonly token: string };

/**
 * Credentials that somebody typed for a registry; undefined where nobody did. They come before those of Docker's
 * configuration.
 */
export type CredentialSource = (registry: string, signal: AbortSignal) => Promise<Credentials | undefined>;

/** What `docker login`, `docker context use` and people write into `config.json`. */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly currentContext?: string;
  readonly proxies?: Readonly<Record<string, ProxySettings>>;
}

/** Proxies that builds are given, for one engine or for `default`. */
export interface ProxySettings {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly ftpProxy?: string;
  readonly noProxy?: string;
  readonly allProxy?: string;
}

interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

const anonymous: Credentials = { kind: 'anonymous' };
/** Docker Hub, as Docker's configuration and its engine name it. */
export const hubKey = 'https://index.docker.io/v1/';
const helperSeconds = 60;

/**
 * The credentials that `docker login` stored for a registry: its helper in `credHelpers`, then `credsStore`, then `auths`.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 * @throws UserError DockerConfigInvalid, CredentialHelperFailed
 */
export async function findCredentials(registry: string, signal: AbortSignal): Promise<Credentials> {
  const config = await readDockerConfig();
  const key = registry === 'docker.io' ? hubKey : registry;
  const helper = config.credHelpers?.[registry] ?? config.credHelpers?.[key] ?? config.credsStore;
  const stored = helper === undefined ? anonymous : await askHelper(helper, key, signal);
  return stored.kind === 'anonymous' ? fromAuths(config, key) : stored;
}

/** Hosts that `docker login` has credentials for, as users write them. @throws UserError DockerConfigInvalid */
export async function knownRegistries(): Promise<readonly string[]> {
  const { auths = {}, credHelpers = {} } = await readDockerConfig();
  const hosts = [...Object.keys(auths), ...Object.keys(credHelpers)].map(hostOf);
  return [...new Set(hosts.map((host) => (host === hostOf(hubKey) ? 'docker.io' : host)))].sort();
}

function fromAuths({ auths = {} }: DockerConfig, key: string): Credentials {
  const entry = Object.entries(auths).find(([name]) => isSameRegistry(name, key))?.[1];
  return entry === undefined ? anonymous : fromEntry(entry);
}

/** `docker login` writes hosts, older versions wrote addresses. */
function isSameRegistry(name: string, key: string): boolean {
  return name === key || hostOf(name) === hostOf(key);
}

function hostOf(text: string): string {
  return text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function fromEntry(entry: AuthEntry): Credentials {
  if (isSet(entry.identitytoken)) return { kind: 'identityToken', token: entry.identitytoken };
  if (isSet(entry.registrytoken)) return { kind: 'registryToken', token: entry.registrytoken };
  const [username, password] = isSet(entry.auth) ? decodeBasic(entry.auth) : [entry.username, entry.password];
  return isSet(username) && password !== undefined ? { kind: 'password', username, password } : anonymous;
}

function decodeBasic(auth: string): readonly [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // Docker pads the text with zero bytes.
  return [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, '')];
}

/** @see https://github.com/docker/docker-credential-helpers#development */
async function askHelper(helper: string, key: string, signal: AbortSignal): Promise<Credentials> {
  const program = `docker-credential-${helper}`;
  const options = { input: key, timeoutMs: helperSeconds * 1000 };
  const result = await runProcess(program, ['get'], options, signal).catch((cause: unknown) => {
    throw isUserError(cause) ? helperFailed(program, key, cause.message, cause) : cause;
  });
  if (result.exitCode !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim();
    if (/not found|no credentials/i.test(said)) return anonymous;
    throw helperFailed(program, key, said, undefined);
  }
  return fromHelper(result.stdout) ?? anonymous;
}

function fromHelper(answer: string): Credentials | undefined {
  const { Username: username, Secret: secret } = parse(answer) as { Username?: string; Secret?: string };
  if (!isSet(secret)) return undefined;
  if (username === '<token>') return { kind: 'identityToken', token: secret };
  return isSet(username) ? { kind: 'password', username, password: secret } : undefined;
}

/** The folder of `config.json` and of contexts. */
export function dockerConfigFolder(): string {
  const chosen = process.env['DOCKER_CONFIG'];
  return isSet(chosen) ? chosen : path.join(homedir(), '.docker');
}

/** Docker's configuration; empty when there is none. @throws UserError DockerConfigInvalid */
export async function readDockerConfig(): Promise<DockerConfig> {
  const file = path.join(dockerConfigFolder(), 'config.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return {};
  }
  const config = parse(text);
  if (typeof config === 'object' && config !== null) return config;
  throw new UserError(
    'DockerConfigInvalid',
    `${file} is not JSON, so the credentials of registries and the engine in use cannot be read.`,
    {
      location: { file },
      remedy: { kind: 'openFile', label: 'Open the file', location: { file } },
    },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function helperFailed(program: string, key: string, said: string, cause: unknown): UserError {
  return new UserError('CredentialHelperFailed', `${program} gave no credentials for ${key}: ${said.slice(0, 300)}`, {
    cause,
    remedy: { kind: 'hint', label: 'Log in to the registry again, or correct credsStore in the Docker configuration.' },
  });
}
