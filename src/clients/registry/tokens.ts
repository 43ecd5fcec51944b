import { exchange, readBody, type HttpResponse } from '../http/exchange';
import type { Challenge } from './challenge';
import type { Credentials } from './dockerConfig';

/** A bearer token and when to stop using it, by the clock of `performance.now()`. */
export interface Token {
  readonly value: string;
  readonly until: number;
}

export interface TokenRequest {
  readonly challenge: Extract<Challenge, { kind: 'bearer' }>;
  readonly credentials: Credentials;
  /** `repository:NAME:pull,push` */
  readonly scopes: readonly string[];
  /** Whether the password may travel in clear text. */
  readonly insecure: boolean;
}

export type TokenAnswer =
  { readonly kind: 'token'; readonly token: Token } | { readonly kind: 'refused'; readonly response: HttpResponse };

/** A token without a term is good for a minute; renew a little early, since clocks and networks are slow. */
const shortestSeconds = 60;
const marginSeconds = 10;

/**
 * Fetches a token for some scopes.
 * @see https://distribution.github.io/distribution/spec/auth/token/#requesting-a-token
 * @see https://distribution.github.io/distribution/spec/auth/oauth/#refresh-token-format for identity tokens
 * @throws the error of the socket
 */
export async function fetchToken(request: TokenRequest, signal: AbortSignal): Promise<TokenAnswer> {
  const { credentials } = request;
  if (credentials.kind === 'registryToken')
    return { kind: 'token', token: { value: credentials.token, until: Infinity } };
  const realm = realmOf(request);
  const asked = performance.now();
  const response = await (credentials.kind === 'identityToken'
    ? refresh(realm, request, credentials.token, signal)
    : ask(realm, request, signal));
  if (response.status !== 200) return { kind: 'refused', response };
  const answer = JSON.parse((await readBody(response)).toString('utf8')) as {
    readonly token?: string;
    readonly access_token?: string;
    readonly expires_in?: number;
  };
  const seconds = Math.max(answer.expires_in ?? shortestSeconds, 1);
  const margin = Math.min(marginSeconds, seconds / 4);
  return {
    kind: 'token',
    token: { value: answer.token ?? answer.access_token ?? '', until: asked + (seconds - margin) * 1000 },
  };
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function realmOf({ challenge, insecure }: TokenRequest): URL {
  const realm = new URL(challenge.realm);
  if (realm.protocol !== 'https:' && !insecure)
    throw new Error(`the registry asks to send credentials to ${realm.origin}, which is not encrypted`);
  return realm;
}

function ask(realm: URL, request: TokenRequest, signal: AbortSignal): Promise<HttpResponse> {
  const { challenge, credentials, scopes, insecure } = request;
  const url = new URL(realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers =
    credentials.kind === 'password'
      ? { authorization: basicAuthorization(credentials.username, credentials.password) }
      : {};
  return exchange({ method: 'GET', url, headers, trustAnyone: insecure }, signal);
}

function refresh(realm: URL, request: TokenRequest, token: string, signal: AbortSignal): Promise<HttpResponse> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: 'slipway',
    scope: request.scopes.join(' '),
    ...(request.challenge.service === undefined ? {} : { service: request.challenge.service }),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = Buffer.from(form.toString());
  return exchange({ method: 'POST', url: realm, headers, body, trustAnyone: request.insecure }, signal);
}
