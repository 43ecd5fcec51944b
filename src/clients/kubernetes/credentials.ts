import { readFile } from 'node:fs/promises';
import { UserError } from '../../core/errors';
import type { Credential } from './credential';
import { runExecPlugin } from './execPlugin';
import type { KubeContext, KubeUser } from './kubeconfig';

/** A credential is taken anew so long before it expires. */
const earlyMs = 30_000;
/** Token files rotate; client-go reads them as often. */
const fileMs = 60_000;
/** So long a failure is what everybody gets, longer with each one, so that watches which try again do not start plugins all the time. */
const failureMs = { first: 5000, most: 60_000 };
/** A server that refuses every credential is not a reason to ask for one all the time. */
const refusalMs = 30_000;

/** One asking, which whoever wants credentials meanwhile waits for. */
interface Asked {
  readonly credential: Promise<Credential>;
  readonly stop: AbortController;
  waiting: number;
  /** Undefined while it goes on. */
  outcome: { readonly at: number; readonly credential: Credential | undefined } | undefined;
}

/** The credentials of one user of one kubeconfig file. However many ask, one plugin process runs. */
export class CredentialSource {
  readonly #context: KubeContext;
  readonly #pluginMs: number | undefined;
  #asked: Asked | undefined;
  #failures = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** @param pluginMs how long a plugin may take, where not as long as usual */
  constructor(context: KubeContext, pluginMs?: number) {
    this.#context = context;
    this.#pluginMs = pluginMs;
  }

  /**
   * A plugin that nobody waits for any more is ended.
   * @throws UserError CredentialPluginMissing, CredentialPluginFailed, CredentialPluginInteractive,
   *   CredentialFileUnreadable; the signal's reason when aborted
   */
  async get(signal: AbortSignal): Promise<Credential> {
    signal.throwIfAborted();
    const asked = this.#asked === undefined || this.#isOld(this.#asked) ? this.#ask() : this.#asked;
    asked.waiting++;
    try {
      return await unlessAborted(asked.credential, signal);
    } finally {
      asked.waiting--;
      if (asked.waiting === 0 && asked.outcome === undefined) {
        asked.stop.abort();
        if (this.#asked === asked) this.#asked = undefined;
      }
    }
  }

  /** The server did not take this one: the next to ask gets another, if there can be another. */
  refuse(credential: Credential): boolean {
    const { user } = this.#context;
    const canChange = user.exec !== undefined || user.tokenFile !== undefined || user.certFile !== undefined;
    if (!canChange || performance.now() - this.#refusedAt < refusalMs) return false;
    this.#refusedAt = performance.now();
    if (this.#asked?.outcome?.credential === credential) this.#asked = undefined;
    return true;
  }

  #isOld({ outcome }: Asked): boolean {
    if (outcome === undefined) return false;
    const age = Date.now() - outcome.at;
    const known = outcome.credential;
    if (known === undefined) return age > Math.min(failureMs.first * 2 ** (this.#failures - 1), failureMs.most);
    if (known.expires !== undefined) return age > usefulMs(known.expires - outcome.at);
    return this.#context.user.tokenFile !== undefined && age > fileMs;
  }

  #ask(): Asked {
    // Not a caller's signal: others wait for the same answer.
    const stop = new AbortController();
    const credential = readCredential(this.#context, this.#pluginMs, stop.signal);
    const asked: Asked = { credential, stop, waiting: 0, outcome: undefined };
    this.#asked = asked;
    credential.then(
      (known) => {
        this.#failures = 0;
        asked.outcome = { at: Date.now(), credential: known };
      },
      () => {
        if (!stop.signal.aborted) this.#failures++;
        asked.outcome = { at: Date.now(), credential: undefined };
      },
    );
    return asked;
  }
}

/**
 * For how long a credential is used that says it holds for so long. One that is over when it comes tells that this
 * machine's clock is wrong; whether it is good the server says.
 */
function usefulMs(holdsMs: number): number {
  return holdsMs > 0 ? holdsMs - Math.min(earlyMs, holdsMs / 2) : earlyMs;
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

async function readCredential(
  { user, cluster }: KubeContext,
  pluginMs: number | undefined,
  signal: AbortSignal,
): Promise<Credential> {
  if (user.exec !== undefined) return runExecPlugin(user.exec, cluster, signal, pluginMs);
  const token = user.tokenFile === undefined ? user.token : (await read(user, user.tokenFile)).toString('utf8').trim();
  const cert = await pem(user, user.certFile, user.certData);
  const key = await pem(user, user.keyFile, user.keyData);
  return {
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(user.username === undefined ? {} : { username: user.username, password: user.password ?? '' }),
    // Client-node renews the tokens of OpenID Connect when it is asked again.
    ...(user.authProvider === undefined ? {} : { expires: Date.now() + earlyMs + fileMs }),
  };
}

async function pem(user: KubeUser, file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64');
  return file === undefined ? undefined : read(user, file);
}

async function read(user: KubeUser, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new UserError(
      'CredentialFileUnreadable',
      `The file ${file} with the credentials of the Kubernetes user ${user.name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause, remedy: { kind: 'hint', label: 'Log in to the cluster again with the tool that made the kubeconfig.' } },
    );
  }
}
