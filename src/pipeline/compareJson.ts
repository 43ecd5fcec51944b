/** How far a number may be from the expected one: `absolute + relative × |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export interface Difference {
  /** `[0].species`; empty for the whole value. */
  readonly path: string;
  /** Undefined where the value is missing. */
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Where two JSON values differ, in the order of the expected one, at most `limit` places. */
export function compareJson(
  expected: unknown,
  actual: unknown,
  tolerance: Tolerance,
  limit = 20,
): readonly Difference[] {
  const found: Difference[] = [];
  for (const difference of differences('', expected, actual, tolerance)) {
    if (found.length >= limit) break;
    found.push(difference);
  }
  return found;
}

function* differences(path: string, expected: unknown, actual: unknown, tolerance: Tolerance): Generator<Difference> {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = Math.max(expected.length, actual.length);
    for (let index = 0; index < length; index++)
      yield* differences(`${path}[${String(index)}]`, expected[index], actual[index], tolerance);
  } else if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      yield* differences(path === '' ? key : `${path}.${key}`, expected[key], actual[key], tolerance);
    }
  } else if (!isEqual(expected, actual, tolerance)) {
    yield { path, expected, actual };
  }
}

function isEqual(expected: unknown, actual: unknown, tolerance: Tolerance): boolean {
  if (typeof expected !== 'number' || typeof actual !== 'number') return expected === actual;
  return Math.abs(expected - actual) <= tolerance.absolute + tolerance.relative * Math.abs(expected);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
