import { UserError, type Remedy } from '../../core/errors';
import { readBody, type HttpResponse } from '../http/exchange';

interface Explanation {
  readonly code: string;
  readonly message: (host: string, what: string) => string;
  readonly remedy: (host: string) => Remedy;
}

const login = (host: string): Remedy => ({
  kind: 'hint',
  label: `Run: docker login ${host}. Slipway uses the credentials that Docker stores.`,
});

const explanations: Readonly<Record<number, Explanation>> = {
  401: {
    code: 'RegistryUnauthorized',
    message: (host, what) => `${host} does not accept the credentials to ${what}.`,
    remedy: login,
  },
  403: {
    code: 'RegistryDenied',
    message: (host, what) => `${host} does not allow you to ${what}.`,
    remedy: (host) => ({ kind: 'hint', label: `Ask who runs ${host} for the right, or log in as somebody else.` }),
  },
  404: {
    code: 'ImageNotFound',
    message: (host, what) => `${host} has nothing under that name, so it cannot ${what}.`,
    remedy: () => ({
      kind: 'hint',
      label: 'Check the name. Some registries want a repository to be made before the first push.',
    }),
  },
  413: {
    code: 'RegistryTooLarge',
    message: (host, what) => `${host}, or a proxy before it, refuses requests of that size, so it cannot ${what}.`,
    remedy: () => ({ kind: 'hint', label: 'Raise the limit of the proxy, or leave large data out of the project.' }),
  },
  429: {
    code: 'RegistryBusy',
    message: (host, what) => `${host} limits how often it is asked, and waiting did not help to ${what}.`,
    remedy: (host) => ({ kind: 'hint', label: `Try again later. Logging in to ${host} often raises the limit.` }),
  },
};

/** What a refusal means to the user. `what` completes "the registry does not allow you to …". */
export async function explainRefusal(host: string, what: string, response: HttpResponse): Promise<UserError> {
  const said = await saidBy(response);
  const explanation = explanations[response.status];
  const words = said === '' ? '' : ` It says: ${said}`;
  if (explanation === undefined) {
    return new UserError(
      'RegistryFailed',
      `${host} answered ${response.status} when it was asked to ${what}.${words}`,
      {
        remedy: { kind: 'hint', label: 'Try again. If it persists, look into the log of the registry.' },
        details: { status: response.status, host },
      },
    );
  }
  return new UserError(explanation.code, `${explanation.message(host, what)}${words}`, {
    remedy: explanation.remedy(host),
    details: { status: response.status, host },
  });
}

/** No answer at all. */
export function unreachable(host: string, what: string, cause: unknown): UserError {
  const why = cause instanceof Error ? reasonOf(cause) : String(cause);
  return new UserError('RegistryUnreachable', `${host} could not be reached to ${what}: ${why}.`, {
    cause,
    remedy: {
      kind: 'hint',
      label:
        'Check the name, the network and the proxy. A registry without encryption must be allowed: --insecure, or slipway.insecureRegistries in the editor.',
    },
  });
}

/** Several addresses that all fail make an error without a message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join(', ');
  return error.message;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
async function saidBy(response: HttpResponse): Promise<string> {
  const text = (await readBody(response, 64 * 1024).catch(() => Buffer.alloc(0))).toString('utf8');
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { code?: string; message?: string }[] };
    return (errors ?? []).map((one) => [one.code, one.message].filter((word) => word).join(': ')).join('; ');
  } catch {
    return /^[^<]{1,200}$/.test(text.trim()) ? text.trim() : '';
  }
}
