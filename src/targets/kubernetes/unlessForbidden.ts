import { isUserError } from '../../core/errors';

/** For `catch`: what to go on with for those who may not ask. @throws every other error */
export function unlessForbidden<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isUserError(error) && error.code === 'KubernetesForbidden') return instead;
    throw error;
  };
}
