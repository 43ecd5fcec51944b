import * as vscode from 'vscode';
import { Registry } from '../../clients/registry/connection';
import { checkPush } from '../../clients/registry/check';
import { isUserError, UserError } from '../../core/errors';
import type { ImageReference } from '../../core/image';
import { withNotification } from '../progress';
import type { Login, TypedCredentials } from './typedCredentials';

export interface RegistryAccess {
  /** Hosts that may be spoken to without encryption. */
  readonly insecure: readonly string[];
  readonly credentials: TypedCredentials;
}

/**
 * Makes sure that the registry takes a push to a repository, by beginning one. Where it wants other credentials, asks for
 * them until it accepts; then they are kept. @returns false when the user gave up
 * @throws UserError of {@link checkPush}
 */
export async function ensurePush(reference: ImageReference, access: RegistryAccess): Promise<boolean> {
  const { registry: host } = reference;
  const refused = await attempt(reference, access, undefined);
  if (refused === undefined) return true;
  return askUntilAccepted(host, refused, async (login) => {
    const problem = await attempt(reference, access, login);
    if (problem === undefined) await access.credentials.set(host, login);
    return problem;
  });
}

/** The refusal that other credentials may mend; undefined when the registry accepts. */
async function attempt(
  { registry: host, repository }: ImageReference,
  { insecure, credentials }: RegistryAccess,
  login: Login | undefined,
): Promise<UserError | undefined> {
  const registry = new Registry(host, {
    insecure: insecure.includes(host),
    credentials: login === undefined ? credentials.find : () => Promise.resolve({ kind: 'password', ...login }),
  });
  try {
    await withNotification(vscode.l10n.t('Checking {0}', host), (_progress, signal) =>
      checkPush(registry, { repository }, signal),
    );
    return undefined;
  } catch (error) {
    if (isUserError(error) && ['RegistryUnauthorized', 'RegistryDenied'].includes(error.code)) return error;
    throw withSetting(error, insecure.includes(host));
  }
}

/** What the registry said stands in the box while the user types again. */
async function askUntilAccepted(
  host: string,
  refused: UserError,
  accept: (login: Login) => Promise<UserError | undefined>,
): Promise<boolean> {
  let username = '';
  for (let problem: UserError | undefined = refused; problem !== undefined;) {
    const login = await askLogin(host, username, problem.message);
    if (login === undefined) return false;
    ({ username } = login);
    problem = await accept(login);
  }
  return true;
}

async function askLogin(host: string, username: string, why: string): Promise<Login | undefined> {
  const title = vscode.l10n.t('Log In to {0}', host);
  const name = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('{0} Enter the user name.', sentence(why)),
    value: username,
    ignoreFocusOut: true,
    validateInput: notEmpty,
  });
  if (name === undefined) return undefined;
  const password = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t(
      'Enter the password or access token of {0}. It is kept in the secret storage of the editor.',
      name,
    ),
    password: true,
    ignoreFocusOut: true,
    validateInput: notEmpty,
  });
  return password === undefined ? undefined : { username: name.trim(), password };
}

/** What registries say ends as they please. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function notEmpty(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('Enter a value, or press Escape to cancel.') : undefined;
}

/** A registry that cannot be reached may be one without encryption, which only a setting allows. */
function withSetting(error: unknown, isAllowed: boolean): unknown {
  if (!isUserError(error) || error.code !== 'RegistryUnreachable' || isAllowed) return error;
  return new UserError('RegistryUnreachable', error.message, {
    cause: error.cause,
    details: error.details,
    remedy: {
      kind: 'openSetting',
      label: vscode.l10n.t('Allow Without Encryption…'),
      setting: 'slipway.insecureRegistries',
    },
  });
}
