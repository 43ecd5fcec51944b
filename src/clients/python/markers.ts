/**
 * An environment marker without what only a lock file may ask: its extras and groups of dependencies, of which none is
 * wanted but the default groups. Undefined where it holds always, null where it never does.
 * @see https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
 * @see https://packaging.python.org/en/latest/specifications/pylock-toml/#packages-marker
 * @throws SyntaxError
 */
export function withoutGroups(marker: string, defaultGroups: readonly string[]): string | undefined | null {
  const { value, rest } = either(tokensOf(marker), defaultGroups);
  if (rest.length > 0) throw new SyntaxError(`unexpected ${rest[0] ?? ''} in the marker ${marker}`);
  return value === true ? undefined : value === false ? null : value.text;
}

/** What a part of a marker comes to: known, or text that the system decides. */
type Value = boolean | { readonly text: string; readonly isEither: boolean };

interface Parsed {
  readonly value: Value;
  readonly rest: readonly string[];
}

function tokensOf(marker: string): readonly string[] {
  return marker.match(/"[^"]*"|'[^']*'|[()]|[\w.]+|[<>=!~]+|\S/g) ?? [];
}

function either(tokens: readonly string[], groups: readonly string[]): Parsed {
  return series('or', both, orOf, tokens, groups);
}

function both(tokens: readonly string[], groups: readonly string[]): Parsed {
  return series('and', one, andOf, tokens, groups);
}

/** Parts with a word between them. */
function series(
  word: string,
  part: typeof either,
  join: (left: Value, right: Value) => Value,
  tokens: readonly string[],
  groups: readonly string[],
): Parsed {
  let { value, rest } = part(tokens, groups);
  while (rest[0] === word) {
    const next = part(rest.slice(1), groups);
    value = join(value, next.value);
    rest = next.rest;
  }
  return { value, rest };
}

function one(tokens: readonly string[], groups: readonly string[]): Parsed {
  if (tokens[0] === '(') {
    const { value, rest } = either(tokens.slice(1), groups);
    if (rest[0] !== ')') throw new SyntaxError('a parenthesis of a marker is not closed');
    return { value, rest: rest.slice(1) };
  }
  return comparison(tokens, groups);
}

function comparison(tokens: readonly string[], groups: readonly string[]): Parsed {
  const isNegated = tokens[1] === 'not';
  const length = isNegated ? 4 : 3;
  const rest = tokens.slice(length);
  const [left, ...others] = tokens.slice(0, length);
  const right = others.at(-1);
  if (left === undefined || others.length < length - 1)
    throw new SyntaxError('a comparison of a marker ends too early');
  if (right === 'extras') return { value: isNegated, rest };
  if (right === 'dependency_groups') return { value: groups.includes(left.slice(1, -1)) !== isNegated, rest };
  return { value: { text: [left, ...others].join(' '), isEither: false }, rest };
}

function orOf(left: Value, right: Value): Value {
  if (left === true || right === true) return true;
  if (left === false) return right;
  if (right === false) return left;
  return { text: `${left.text} or ${right.text}`, isEither: true };
}

function andOf(left: Value, right: Value): Value {
  if (left === false || right === false) return false;
  if (left === true) return right;
  if (right === true) return left;
  const inner = (value: Exclude<Value, boolean>): string => (value.isEither ? `(${value.text})` : value.text);
  return { text: `${inner(left)} and ${inner(right)}`, isEither: false };
}
