import assert from 'node:assert/strict';
import { isUserError, type UserError } from '../../src/core/errors';

/**
 * Waits for an action to fail in a way that was foreseen: a {@link UserError} of that code which tells its cause and
 * what to do about it.
 * @param message what the text must tell
 */
export async function failure(action: Promise<unknown>, code: string, message: RegExp): Promise<UserError> {
  const error = await action.then(
    () => assert.fail(`it did not fail with ${code}`),
    (cause: unknown) => cause,
  );
  if (!isUserError(error)) throw error;
  assert.equal(error.code, code, `${error.code}: ${error.message}`);
  assert.match(error.message, message);
  assert.ok(error.remedy ?? error.location, `${code} tells neither a remedy nor a place`);
  return error;
}

/** The part of an error's details that explains a failed rollout. */
export function reasonOf(error: UserError): {
  readonly code?: string;
  readonly message?: string;
  readonly traceback?: string;
} {
  const { reason } = error.details;
  return typeof reason === 'object' && reason !== null ? reason : {};
}
