import * as vscode from 'vscode';
import { Registry } from '../../clients/registry/connection';
import { checkLogin, checkPush } from '../../clients/registry/check';
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
  const { registry: host, repository } = reference;
  const check: Check = (registry, signal) => checkPush(registry, { repository }, signal);
  const refused = await attempt(host, access, undefined, check);
  return refused === undefined || askUntilAccepted(host, access, refused, check);
}

/**
 * Asks for credentials of a registry until it accepts some, and keeps them. @returns false when the user gave up
 * @throws UserError of {@link checkLogin}
 */
export function logIn(host: string, access: RegistryAccess): Promise<boolean> {
  return askUntilAccepted(host, access, undefined, checkLogin);
}

type Check = (registry: Registry, signal: AbortSignal) => Promise<void>;

/** The refusal that other credentials may mend; undefined when the registry accepts. */
async function attempt(
  host: string,
  { insecure, credentials }: RegistryAccess,
  login: Login | undefined,
  check: Check,
): Promise<UserError | undefined> {
  const registry = new Registry(host, {
    insecure: insecure.includes(host),
    credentials: login === undefined ? credentials.find : () => Promise.resolve({ kind: 'password', ...login }),
  });
  try {
    await withNotification(vscode.l10n.t('Checking {0}', host), (_progress, signal) => check(registry, signal));
    return undefined;
  } catch (error) {
    if (isUserError(error) && ['RegistryUnauthorized', 'RegistryDenied'].includes(error.code)) return error;
    throw withSetting(error, insecure.includes(host));
  }
}

/** What the registry said stands in the box while the user types again. What it accepts is kept. */
async function askUntilAccepted(
  host: string,
  access: RegistryAccess,
  refused: UserError | undefined,
  check: Check,
): Promise<boolean> {
  let username = '';
  for (let problem = refused; ;) {
    const login = await askLogin(host, username, problem?.message);
    if (login === undefined) return false;
    ({ username } = login);
    problem = await attempt(host, access, login, check);
    if (problem !== undefined) continue;
    await access.credentials.set(host, login);
    return true;
  }
}

async function askLogin(host: string, username: string, why: string | undefined): Promise<Login | undefined> {
  const title = vscode.l10n.t('Log In to {0}', host);
  const name = await vscode.window.showInputBox({
    title,
    prompt:
      why === undefined
        ? vscode.l10n.t('Enter the user name for {0}.', host)
        : vscode.l10n.t('{0} Enter the user name.', sentence(why)),
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
