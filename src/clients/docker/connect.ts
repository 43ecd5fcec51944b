import Docker from 'dockerode';
import { Agent } from 'node:https';
import { UserError } from '../../core/errors';
import { findCredentials, type Credentials, type CredentialSource } from '../registry/dockerConfig';
import type { EngineAddress } from './address';
import { findEngineContext, type EngineContext } from './context';
import { SshAgent } from './sshAgent';

/** A Docker engine that answered. */
export interface DockerEngine {
  readonly docker: Docker;
  readonly context: EngineContext;
  /** What a registry is shown: what the user typed for it, else what Docker's configuration has. */
  readonly credentials: (registry: string, signal: AbortSignal) => Promise<Credentials>;
  /** `28.0.1` */
  readonly version: string;
  /** `linux/amd64`: what it runs without emulation. */
  readonly platform: string;
}

const answerSeconds = 40;

/** The types of dockerode do not know that this takes options. */
interface Versions {
  version(options: { readonly abortSignal: AbortSignal }): Promise<Docker.DockerVersion>;
}

/**
 * Connects to the engine that the user's `docker` command talks to.
 * @param typed credentials that the user typed
 * @throws UserError DockerContextInvalid, EngineNotRunning, EngineForbidden, EngineUnreachable
 */
export async function openEngine(typed: CredentialSource | undefined, signal: AbortSignal): Promise<DockerEngine> {
  const context = await findEngineContext();
  const docker = new Docker(dockerOptions(context.address));
  const deadline = AbortSignal.timeout(answerSeconds * 1000);
  try {
    const asked = { abortSignal: AbortSignal.any([signal, deadline]) };
    const { Version: version, Os: os, Arch: arch } = await (docker as unknown as Versions).version(asked);
    const credentials: DockerEngine['credentials'] = async (registry, abort) =>
      (await typed?.(registry, abort)) ?? findCredentials(registry, abort);
    return { docker, context, credentials, version, platform: `${os}/${arch}` };
  } catch (cause) {
    signal.throwIfAborted();
    const why = deadline.aborted ? new Error(`it did not answer within ${answerSeconds} s.`) : cause;
    throw engineProblem(context, why);
  }
}

/** Every option is named, also those that are empty: what is left out, dockerode takes from DOCKER_HOST. */
function dockerOptions(address: EngineAddress): Docker.DockerOptions {
  const none = { host: undefined, port: undefined, socketPath: undefined, agent: undefined, username: undefined };
  const plain = { ...none, protocol: 'http' as const, ca: undefined, cert: undefined, key: undefined };
  return { ...plain, ...optionsOf(address) };
}

function optionsOf(address: EngineAddress): object {
  if (address.kind === 'socket') return { socketPath: address.path };
  // The name is of no consequence: the agent makes the connection.
  if (address.kind === 'ssh') return { host: 'docker', port: 80, agent: new SshAgent(address) };
  const { host, port, tls } = address;
  if (tls === undefined) return { host, port };
  const { ca, cert, key, verify } = tls;
  return { host, port, protocol: 'https', ca, cert, key, agent: new Agent({ rejectUnauthorized: verify }) };
}

/** Why no engine answers, with what to do about it. */
export function engineProblem({ chosenBy, host }: EngineContext, cause: unknown): UserError {
  const code = codeOf(cause);
  const where = `${host} (${chosenBy})`;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new UserError('EngineNotRunning', `No Docker engine listens at ${where}.`, {
      cause,
      remedy: { kind: 'hint', label: 'Start Docker, or name another engine: docker context use NAME, or DOCKER_HOST.' },
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new UserError('EngineForbidden', `You may not use the Docker engine at ${where}.`, {
      cause,
      remedy: {
        kind: 'hint',
        label: 'Let an administrator add you to the group docker and log in again, or use Docker without root.',
      },
    });
  }
  const why = cause instanceof Error ? cause.message.trim() : String(cause);
  return new UserError('EngineUnreachable', `The Docker engine at ${where} could not be asked: ${why}`, {
    cause,
    remedy: { kind: 'hint', label: 'Check with: docker version. Slipway uses the same context and credentials.' },
  });
}

function codeOf(cause: unknown): string | undefined {
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const first = errors[0];
  return first instanceof Error && 'code' in first ? String(first.code) : undefined;
}
