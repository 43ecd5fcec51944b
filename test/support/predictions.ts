import assert from 'node:assert/strict';

/** Predictions are equal when their numbers are, up to 1e-6: libraries compute in single precision too. */
export function assertPredictions(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(rounded(actual), rounded(expected), message);
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1e6) / 1e6;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, rounded(one)]));
  return value;
}
