import { isUserError, type UserError } from '../../core/errors';

function isForbidden(error: unknown): error is UserError {
  return isUserError(error) && error.code === 'KubernetesForbidden';
}

/** For `catch`: what to go on with for those who may not ask. @throws every other error */
export function unlessForbidden<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isForbidden(error)) return instead;
    throw error;
  };
}

/**
 * For `catch`: what to go on with for those who may not ask for a kind, or whose cluster does not have it: they have made
 * none of it. @throws every other error
 */
export function unlessUnknown<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isUserError(error) && error.code === 'KubernetesNotFound') return instead;
    return unlessForbidden(instead)(error);
  };
}

/** The values of a stream; for those who may not ask for these, the ones of another. @throws every other error */
export async function* orIfForbidden<T>(
  stream: AsyncIterable<T>,
  instead: (refusal: string) => Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    yield* instead(error.message);
  }
}
