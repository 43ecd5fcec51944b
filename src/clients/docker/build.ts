import type Docker from 'dockerode';
import { Readable } from 'node:stream';
import { UserError } from '../../core/errors';
import { parseImageReference } from '../../core/image';
import { readDockerConfig } from '../registry/dockerConfig';
import { buildKitLog } from './buildKitLog';
import { classicLog, type BuildLog, type FailedStep } from './buildLog';
import type { DockerEngine } from './connect';
import { connectionLost, readMessages } from './messages';
import { engineCredentials } from './registryAuth';
import { openSession, type BuildSession } from './session';

export interface EngineBuild {
  /** The context as a tar archive; read once. */
  readonly context: AsyncIterable<Uint8Array>;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  /** Images that the Dockerfile starts from, for their registries' credentials. */
  readonly bases: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `linux/amd64` */
  readonly platform: string;
}

/** What came of a build. */
export type BuildOutcome =
  | { readonly kind: 'built'; /** `sha256:…` of the engine's image */ readonly imageId: string }
  | { readonly kind: 'failed'; readonly failed: FailedStep };

/**
 * Builds a Dockerfile on the engine: with BuildKit where the engine has it, else with the classic builder, also when
 * DOCKER_BUILDKIT=0 asks for it. Aborting ends the build on the engine.
 * @throws UserError EngineConnectionLost and those of reading credentials
 */
export async function buildOnEngine(
  engine: DockerEngine,
  build: EngineBuild,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<BuildOutcome> {
  const session = await sessionFor(engine, signal);
  try {
    const log = session === undefined ? classicLog(onLine) : buildKitLog(onLine);
    await send(engine, build, { session, log }, signal);
    const failed = log.failure();
    if (failed !== undefined) return { kind: 'failed', failed };
    const imageId = log.imageId();
    if (imageId === undefined) throw connectionLost(engine, 'while it built the image', undefined);
    return { kind: 'built', imageId };
  } finally {
    session?.close();
  }
}

function sessionFor(
  { docker, platform, credentials }: DockerEngine,
  signal: AbortSignal,
): Promise<BuildSession | undefined> {
  const isClassic = process.env['DOCKER_BUILDKIT'] === '0' || platform.startsWith('windows');
  return isClassic ? Promise.resolve(undefined) : openSession(docker, (host) => credentials(host, signal), signal);
}

interface Running {
  readonly session: BuildSession | undefined;
  readonly log: BuildLog;
}

async function send(
  engine: DockerEngine,
  build: EngineBuild,
  { session, log }: Running,
  signal: AbortSignal,
): Promise<void> {
  const { context, dockerfile, labels, platform } = build;
  const query = {
    dockerfile,
    labels: { ...labels },
    buildargs: { ...(await proxyArguments(engine.context.host)) },
    rm: true,
    forcerm: true,
    abortSignal: signal,
    ...(platform === engine.platform ? {} : { platform }),
  };
  const kind =
    session === undefined
      ? { registryconfig: await registryConfig(engine, build.bases, signal) }
      : // As a number: dockerode opens a session of its own for the text, one that a bundle lacks the files for.
        { version: 2 as unknown as '2', session: session.id };
  const body = Readable.from(context, { objectMode: false });
  try {
    const answer = await engine.docker.buildImage(body, { ...query, ...kind });
    for await (const message of readMessages(answer)) log.take(message);
  } catch (cause) {
    signal.throwIfAborted();
    // What the context could not be read for is no fault of the engine.
    if (body.errored !== null) throw body.errored;
    throw connectionLost(engine, 'while it built the image', cause);
  } finally {
    body.destroy();
  }
  signal.throwIfAborted();
}

/** Proxies of Docker's configuration, which its command gives to every build. @see https://docs.docker.com/engine/cli/proxy/ */
async function proxyArguments(host: string): Promise<Readonly<Record<string, string>>> {
  const { proxies = {} } = await readDockerConfig();
  const { httpProxy, httpsProxy, ftpProxy, noProxy, allProxy } = proxies[host] ?? proxies['default'] ?? {};
  const named = {
    http_proxy: httpProxy,
    https_proxy: httpsProxy,
    ftp_proxy: ftpProxy,
    no_proxy: noProxy,
    all_proxy: allProxy,
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [
            [name, value],
            [name.toUpperCase(), value],
          ],
    ),
  );
}

/** The classic builder asks nothing while it builds: it is given what it may need. */
async function registryConfig(
  engine: DockerEngine,
  bases: readonly string[],
  signal: AbortSignal,
): Promise<Docker.RegistryConfig> {
  const hosts = [...new Set(bases.map((base) => parseImageReference(base).registry))];
  const found = await Promise.all(
    hosts.map(async (host) => engineCredentials(host, await engine.credentials(host, signal))),
  );
  const entries = found.flatMap((one) => (one === undefined ? [] : [[one.serveraddress, one] as const]));
  // Tokens are as good as passwords to the engine; the types of dockerode know passwords only.
  return Object.fromEntries(entries) as Docker.RegistryConfig;
}

/** Names the step that failed. `file` is the Dockerfile, absolute, where the user has one. */
export function buildFailed(
  { step, instruction, why, lines }: FailedStep,
  file: { readonly path: string; readonly line?: number } | undefined,
  remedy: string | undefined,
): UserError {
  const [number, of] = step?.split('/') ?? [];
  const where = number === undefined ? '' : ` at step ${number} of ${of ?? ''}`;
  const what = instruction === undefined ? '' : `, ${instruction}`;
  const location = file === undefined ? undefined : { file: file.path, ...(file.line && { line: file.line }) };
  return new UserError('BuildFailed', `The build failed${where}${what}: ${why}.`, {
    details: { step, instruction, traceback: lines },
    location,
    ...(remedy === undefined ? {} : { remedy: { kind: 'hint', label: remedy } }),
  });
}
