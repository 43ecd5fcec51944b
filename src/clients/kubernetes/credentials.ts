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

/** The credentials of one user of one kubeconfig file. However many ask, one plugin process runs. */
export class CredentialSource {
  readonly #context: KubeContext;
  #asked: { readonly at: number; readonly credential: Promise<Credential> } | undefined;
  #failures = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(context: KubeContext) {
    this.#context = context;
  }

  /** @throws UserError CredentialPluginMissing, CredentialPluginFailed, CredentialPluginInteractive, CredentialFileUnreadable */
  async get(): Promise<Credential> {
    if (this.#asked !== undefined && !(await this.#isOld(this.#asked))) return this.#asked.credential;
    return this.#ask();
  }

  /** The server did not take this one: the next to ask gets another, if there can be another. */
  refuse(credential: Credential): boolean {
    const { user } = this.#context;
    const canChange = user.exec !== undefined || user.tokenFile !== undefined || user.certFile !== undefined;
    if (!canChange || performance.now() - this.#refusedAt < refusalMs) return false;
    this.#refusedAt = performance.now();
    const asked = this.#asked;
    void asked?.credential.then(
      (known) => {
        if (known === credential && this.#asked === asked) this.#asked = undefined;
      },
      () => undefined,
    );
    return true;
  }

  async #isOld(asked: { readonly at: number; readonly credential: Promise<Credential> }): Promise<boolean> {
    const age = Date.now() - asked.at;
    const known = await asked.credential.catch(() => undefined);
    if (this.#asked !== asked) return false;
    if (known === undefined) return age > Math.min(failureMs.first * 2 ** (this.#failures - 1), failureMs.most);
    if (known.expires !== undefined) return Date.now() > known.expires - earlyMs;
    return this.#context.user.tokenFile !== undefined && age > fileMs;
  }

  #ask(): Promise<Credential> {
    // Not the caller's signal: others wait for the same answer.
    const credential = readCredential(this.#context, new AbortController().signal);
    this.#asked = { at: Date.now(), credential };
    credential.then(
      () => {
        this.#failures = 0;
      },
      () => {
        this.#failures++;
      },
    );
    return credential;
  }
}

async function readCredential({ user, cluster }: KubeContext, signal: AbortSignal): Promise<Credential> {
  if (user.exec !== undefined) return runExecPlugin(user.exec, cluster, signal);
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
