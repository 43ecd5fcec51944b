import type { HttpResponse } from '../http/exchange';
import { parseChallenge, type Challenge } from './challenge';
import { findCredentials, type Credentials, type CredentialSource } from './dockerConfig';
import { explainRefusal } from './failures';
import { basicAuthorization, fetchToken, type Token } from './tokens';

/** What a registry wants to see, learned from its first refusal and kept until it runs out. */
export class Authorization {
  readonly #host: string;
  readonly #insecure: boolean;
  readonly #typed: CredentialSource;
  readonly #traffic: { requests: number };
  #challenge: Challenge | undefined;
  #credentials: Promise<Credentials> | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();

  constructor(
    host: string,
    { insecure, credentials }: { readonly insecure: boolean; readonly credentials?: CredentialSource },
    traffic: { requests: number },
  ) {
    this.#host = host;
    this.#insecure = insecure;
    this.#typed = credentials ?? nobodyTyped;
    this.#traffic = traffic;
  }

  /** The header for a request that needs these rights; undefined while the registry has asked for nothing. */
  async header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    if (this.#challenge === undefined) return undefined;
    if (this.#challenge.kind === 'basic') {
      const credentials = await this.#find(signal);
      return credentials.kind === 'password'
        ? basicAuthorization(credentials.username, credentials.password)
        : undefined;
    }
    return `Bearer ${(await this.#token(this.#challenge, scopes, signal)).value}`;
  }

  /** Takes note of a 401 to a request that showed `shown`. @returns whether there is something else to show now */
  async learn(
    response: HttpResponse,
    scopes: readonly string[],
    shown: string | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const challenge = parseChallenge(response.headers['www-authenticate']);
    if (challenge === undefined) return false;
    this.#challenge = challenge;
    if (challenge.kind === 'basic') return shown === undefined && (await this.#find(signal)).kind === 'password';
    // The token was refused, so it has run out earlier than it said; another request may have renewed it already.
    const known = await this.#tokens.get(keyOf(scopes))?.catch(() => undefined);
    if (known === undefined || `Bearer ${known.value}` === shown) this.#tokens.delete(keyOf(scopes));
    return true;
  }

  async #token(
    challenge: Extract<Challenge, { kind: 'bearer' }>,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<Token> {
    const key = keyOf(scopes);
    const known = await this.#tokens.get(key)?.catch(() => undefined);
    if (known !== undefined && known.until > performance.now()) return known;
    const fetched = this.#fetch(challenge, scopes, signal);
    this.#tokens.set(key, fetched);
    return fetched;
  }

  async #fetch(
    challenge: Extract<Challenge, { kind: 'bearer' }>,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<Token> {
    const credentials = await this.#find(signal);
    this.#traffic.requests += 1;
    const answer = await fetchToken({ challenge, credentials, scopes, insecure: this.#insecure }, signal);
    if (answer.kind === 'token') return answer.token;
    if (answer.response.status >= 500 || answer.response.status === 429) {
      answer.response.body.destroy();
      throw new Error(`the token service answered ${answer.response.status}`);
    }
    throw await explainRefusal(this.#host, `get a token for ${scopes.join(' ')}`, answer.response);
  }

  #find(signal: AbortSignal): Promise<Credentials> {
    this.#credentials ??= this.#read(signal).catch((error: unknown) => {
      this.#credentials = undefined;
      throw error;
    });
    return this.#credentials;
  }

  async #read(signal: AbortSignal): Promise<Credentials> {
    return (await this.#typed(this.#host, signal)) ?? findCredentials(this.#host, signal);
  }
}

const nobodyTyped: CredentialSource = () => Promise.resolve(undefined);

function keyOf(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ');
}
