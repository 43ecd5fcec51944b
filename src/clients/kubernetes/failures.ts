import { isUserError, UserError, type Remedy } from '../../core/errors';
import { inertText } from '../../core/inertText';
import type { KubeContext } from './kubeconfig';

/** How an API server tells what went wrong: `Status` of https://kubernetes.io/docs/reference/using-api/api-concepts/#error-responses */
export interface KubeStatus {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly kind?: string;
    readonly name?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

interface Explanation {
  readonly code: string;
  readonly message: (cluster: string, what: string) => string;
  readonly remedy: Remedy;
}

const hint = (label: string): Remedy => ({ kind: 'hint', label });

const explanations: Readonly<Record<number, Explanation>> = {
  400: {
    code: 'KubernetesInvalid',
    message: (cluster, what) => `${cluster} does not understand the request to ${what}.`,
    remedy: hint('The cluster may be older than what is asked of it.'),
  },
  401: {
    code: 'KubernetesUnauthorized',
    message: (cluster, what) => `${cluster} does not accept the credentials to ${what}.`,
    remedy: hint('They may have expired: log in again with the tool that made the kubeconfig.'),
  },
  403: {
    code: 'KubernetesForbidden',
    message: (cluster, what) => `You are not allowed to ${what} on ${cluster}.`,
    remedy: hint('Ask who runs the cluster for the right.'),
  },
  404: {
    code: 'KubernetesNotFound',
    message: (cluster, what) => `${cluster} has nothing under that name to ${what}.`,
    remedy: hint('It may have been removed meanwhile.'),
  },
  409: {
    code: 'KubernetesConflict',
    message: (cluster, what) => `${cluster} refused to ${what}, since somebody else owns or has changed the object.`,
    remedy: hint('Look at the object as it is now, and try again.'),
  },
  410: {
    code: 'KubernetesExpired',
    message: (cluster, what) => `${cluster} has forgotten the state that was asked for to ${what}.`,
    remedy: hint('Try again.'),
  },
  422: {
    code: 'KubernetesInvalid',
    message: (cluster, what) => `${cluster} finds the object invalid, so it did not ${what}.`,
    remedy: hint('Correct what it names.'),
  },
  429: {
    code: 'KubernetesBusy',
    message: (cluster, what) => `${cluster} is asked too much, and waiting did not help to ${what}.`,
    remedy: hint('Try again later.'),
  },
};

/** What an answer means whose status tells less than its words. */
const special: readonly (Explanation & { readonly fits: (status: number, body: KubeStatus) => boolean })[] = [
  {
    fits: (status, { details }) =>
      details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true ||
      (status === 404 && details?.kind === 'namespaces'),
    code: 'NamespaceMissing',
    message: (cluster, what) => `The namespace is gone from ${cluster}, or is being deleted, so it did not ${what}.`,
    remedy: hint('Create the namespace again, or name another one.'),
  },
  {
    fits: (status, { message = '' }) => status === 403 && message.includes('exceeded quota'),
    code: 'QuotaExceeded',
    message: (cluster, what) => `A quota of ${cluster} does not let you ${what}.`,
    remedy: hint('Remove what is not needed in the namespace, or ask who runs the cluster for more.'),
  },
  {
    fits: (status, { message = '' }) => status >= 400 && status < 500 && /denied (?:the )?request/.test(message),
    code: 'PolicyRefused',
    message: (cluster, what) => `A policy of ${cluster} does not let you ${what}.`,
    remedy: hint('Change what it names, or ask who runs the cluster.'),
  },
  {
    fits: (status, { message = '' }) => status === 500 && message.includes('failed calling webhook'),
    code: 'KubernetesWebhookFailed',
    message: (cluster, what) => `A webhook that ${cluster} asks before it can ${what} does not answer.`,
    remedy: hint('Tell who runs the cluster which webhook it is.'),
  },
  {
    fits: (status, { message = '' }) => status === 422 && message.includes('field is immutable'),
    code: 'KubernetesInvalid',
    message: (cluster, what) => `${cluster} cannot change the object in that way, so it did not ${what}.`,
    remedy: hint('Remove it, and try again.'),
  },
];

/**
 * What a refusal means to the user.
 * @param what completes "you are not allowed to …"
 * @param note what is known beside it, as a sentence
 */
export function explainStatus(
  context: KubeContext,
  what: string,
  status: number,
  body: KubeStatus,
  note = '',
): UserError {
  const said = inertText((body.message ?? '').slice(0, 2000));
  const words = (note === '' ? '' : ` ${note}`) + (said === '' ? '' : ` It says: ${said}`);
  const details = { status, reason: body.reason, causes: body.details?.causes ?? [], context: context.name };
  const known = special.find(({ fits }) => fits(status, body)) ?? explanations[status];
  if (known !== undefined)
    return new UserError(known.code, known.message(context.name, what) + words, { remedy: known.remedy, details });
  return new UserError('KubernetesFailed', `${context.name} answered ${status} when it was asked to ${what}.${words}`, {
    remedy: hint('Try again. If it persists, look into the log of the API server.'),
    details,
  });
}

const lasting: ReadonlySet<string> = new Set(['KubernetesForbidden', 'KubernetesNotFound', 'KubernetesInvalid']);

/** Whether a failure is one that does not go away by asking again. */
export function isLasting(error: unknown): boolean {
  return isUserError(error) && lasting.has(error.code);
}

/** Codes of Node and OpenSSL that tell that the other side is not who it should be. */
const certificateTrouble = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|EPROTO|ERR_SSL/;
/** What the kubeconfig holds is no certificate or key, or they do not belong together. */
const materialTrouble = 'ERR_OSSL';

const setClock = hint(
  'Set the clock of this machine right. If it is right, who runs the cluster must renew the certificate.',
);

/** What a fault of TLS means, where OpenSSL's own words do not tell. */
function explainTls(code: string, why: string): { readonly why: string; readonly remedy?: Remedy } {
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code))
    return {
      why: `its certificate does not hold at ${new Date().toISOString()}, by this machine’s clock`,
      remedy: setClock,
    };
  if (/EPROTO|WRONG_VERSION|PACKET_LENGTH/.test(code)) return { why: 'what listens there does not speak TLS' };
  return { why };
}

/** No answer at all, or one of somebody else. */
export function explainSilence(context: KubeContext, what: string, cause: unknown): UserError {
  const { server } = context.cluster;
  const said = inertText(reasonOf(cause));
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const details = { context: context.name };
  const location = { file: context.file, line: context.line };
  const open: Remedy = { kind: 'openFile', label: 'Open kubeconfig', location };
  if (code.startsWith(materialTrouble)) {
    const message = `The certificates or the key of ${context.name} cannot be used to ${what}: ${said}.`;
    return new UserError('CredentialInvalid', message, { cause, details, remedy: open });
  }
  if (certificateTrouble.test(code)) {
    const { why, remedy = open } = explainTls(code, said);
    const message = `The server ${server} of ${context.name} cannot be trusted to ${what}: ${why}.`;
    return new UserError('KubernetesCertificate', message, { cause, details, remedy });
  }
  const message = `The server ${server} of ${context.name} could not be reached to ${what}: ${said}.`;
  const remedy = hint('Check that the cluster runs, and the network, VPN and proxy between it and this machine.');
  return new UserError('KubernetesUnreachable', message, { cause, details, remedy });
}

/** Several addresses that all fail make an error without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
