import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';

/** How an engine is reached. */
export type EngineAddress =
  /** A Unix socket or a Windows pipe. */
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: Tls }
  | SshAddress;

export interface SshAddress {
  readonly kind: 'ssh';
  /** What ssh is told to connect to: a host, or a name of the user's ssh configuration. */
  readonly host: string;
  readonly user?: string;
  readonly port?: string;
  /** The engine's socket on the other machine, when it is not the usual one. */
  readonly socket?: string;
}

export interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly verify: boolean;
}

/** Where the files of TLS lie. */
export interface TlsFiles {
  readonly folder: string;
  readonly verify: boolean;
  /** Whether an engine without such files is spoken to without encryption. */
  readonly isOptional: boolean;
}

/** Reads `unix://`, `npipe://`, `tcp://`, `http(s)://` and `ssh://`. @throws UserError DockerContextInvalid */
export async function parseEngineAddress(text: string, tls: TlsFiles | undefined): Promise<EngineAddress> {
  const [, scheme = 'tcp', rest = text] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? [];
  const address = await addressOf(scheme, rest, tls);
  if (address === undefined)
    throw contextInvalid(`${JSON.stringify(withoutPassword(text))} is no address of an engine.`);
  return address;
}

async function addressOf(scheme: string, rest: string, tls: TlsFiles | undefined): Promise<EngineAddress | undefined> {
  switch (scheme) {
    case 'unix':
    case 'npipe':
      return rest === '' ? undefined : { kind: 'socket', path: rest };
    case 'ssh':
      return sshAddress(parse(`ssh://${rest}`));
    case 'tcp':
    case 'http':
    case 'https':
      return tcpAddress(parse(`http://${rest}`), scheme, tls);
    default:
      return undefined;
  }
}

export function contextInvalid(message: string, cause?: unknown): UserError {
  return new UserError('DockerContextInvalid', message, {
    cause,
    remedy: {
      kind: 'hint',
      label: 'Correct DOCKER_HOST, or choose a context with: docker context use. Example: ssh://user@host.',
    },
  });
}

/** A password is refused: it would stand in the list of processes. */
function sshAddress(url: URL | undefined): SshAddress | undefined {
  if (url === undefined || url.hostname === '' || url.password !== '') return undefined;
  return {
    kind: 'ssh',
    host: unbracketed(url.hostname),
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.port === '' ? {} : { port: url.port }),
    ...(url.pathname === '' || url.pathname === '/' ? {} : { socket: decodeURIComponent(url.pathname) }),
  };
}

async function tcpAddress(
  url: URL | undefined,
  scheme: string,
  files: TlsFiles | undefined,
): Promise<EngineAddress | undefined> {
  if (url === undefined || url.hostname === '') return undefined;
  const found = files === undefined ? undefined : await readTls(files);
  const tls = found ?? (scheme === 'https' ? { verify: true } : undefined);
  const port = url.port === '' ? (tls === undefined ? 2375 : 2376) : Number(url.port);
  return { kind: 'tcp', host: unbracketed(url.hostname), port, ...(tls === undefined ? {} : { tls }) };
}

async function readTls({ folder, verify, isOptional }: TlsFiles): Promise<Tls | undefined> {
  const parts = await Promise.all(
    (['ca', 'cert', 'key'] as const).map(async (name) => [name, await read(folder, `${name}.pem`)] as const),
  );
  const found: Omit<Tls, 'verify'> = Object.fromEntries(parts.filter(([, content]) => content !== undefined));
  if (isOptional && Object.keys(found).length === 0) return verify ? undefined : { verify };
  const isTrusting = 'ca' in found || isOptional || !verify;
  if (isTrusting && 'cert' in found === 'key' in found) return { verify, ...found };
  throw contextInvalid(`${folder} lacks a file of TLS: ca.pem, cert.pem and key.pem belong together.`);
}

async function read(folder: string, name: string): Promise<Buffer | undefined> {
  const file = path.join(folder, name);
  try {
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw contextInvalid(`The file ${file}, which the engine's certificate needs, cannot be read.`, cause);
  }
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function withoutPassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ':…@');
}
