/** `git+https://user:password@host`: up to the last `@` before the path, since passwords hold `@` too. */
const webAddress = /\b((?:[a-z]+\+)?(?:https?|ftp):\/\/)[^\s/?#"'<>`]*@/gi;
/** The user of `ssh://git@host` is no secret, a password behind it is. */
const shellAddress = /\b((?:[a-z]+\+)?ssh:\/\/[^\s/?#"'<>`:@]*):[^\s/?#"'<>`]*@/gi;

/**
 * A text whose addresses carry no credentials. Wherever a requirement, a lock or the words of a tool are shown or kept,
 * they pass through here; git's own store, .netrc or the index's configuration give credentials to those who fetch.
 */
export function withoutCredentials(text: string): string {
  return text.includes('@') ? text.replace(webAddress, '$1').replace(shellAddress, '$1@') : text;
}

export function hasCredentials(text: string): boolean {
  return withoutCredentials(text) !== text;
}

/** The same of every text in plain data; `edits` stay, since they are what the user wrote. */
export function withoutCredentialsIn<Value>(value: Value): Value {
  return cleaned(value) as Value;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return withoutCredentials(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, key === 'edits' ? one : cleaned(one)]));
}
