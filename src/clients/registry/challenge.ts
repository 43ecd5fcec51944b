/** What a registry asks for in `WWW-Authenticate`. */
export type Challenge =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string | undefined };

/**
 * Reads the header of a 401; undefined when it asks for nothing that we can do.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate
 * @see https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const bearer = /(?:^|,\s*)bearer\s+(?<parameters>.*)$/i.exec(header)?.groups?.['parameters'];
  if (bearer !== undefined) {
    const parameters = parseParameters(bearer);
    const realm = parameters.get('realm');
    if (realm !== undefined) return { kind: 'bearer', realm, service: parameters.get('service') };
  }
  return /(?:^|,\s*)basic(?:\s|$)/i.test(header) ? { kind: 'basic' } : undefined;
}

function parseParameters(text: string): ReadonlyMap<string, string> {
  const pattern = /(?<key>[a-z_-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^\s,"]+))/gi;
  return new Map(
    [...text.matchAll(pattern)].map(({ groups }) => [
      (groups?.['key'] ?? '').toLowerCase(),
      groups?.['quoted']?.replaceAll(/\\(.)/g, '$1') ?? groups?.['token'] ?? '',
    ]),
  );
}
