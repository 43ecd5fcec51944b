import * as vscode from 'vscode';

/** Secret values of one project by name, kept by the editor's own SecretStorage. They are never logged. */
export interface SecretStore {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
}

/** @param project absolute path of the project's folder: two projects may give one name different values */
export function secretStore(storage: vscode.SecretStorage, project: string): SecretStore {
  const key = (name: string): string => `secret:${project}:${name}`;
  return {
    get: async (name) => storage.get(key(name)),
    set: async (name, value) => storage.store(key(name), value),
  };
}

/** The value of a secret: stored, else from the environment, else asked for and stored. Undefined when the user gives none. */
export async function readSecret(store: SecretStore, name: string, signal: AbortSignal): Promise<string | undefined> {
  const known = (await store.get(name)) ?? process.env[name];
  if (known !== undefined) return known;
  signal.throwIfAborted();
  return askSecret(store, name, undefined);
}

/** Asks for a value and stores it. `proposal` fills the box, hidden like what is typed. */
export async function askSecret(
  store: SecretStore,
  name: string,
  proposal: string | undefined,
): Promise<string | undefined> {
  const value = await vscode.window.showInputBox({
    title: vscode.l10n.t('Secret {0}', name),
    prompt: vscode.l10n.t('The value is kept in the secret storage of the editor, not in the project.'),
    password: true,
    ignoreFocusOut: true,
    ...(proposal === undefined ? {} : { value: proposal }),
    validateInput: (text) => (text === '' ? vscode.l10n.t('Enter a value, or press Escape to cancel.') : undefined),
  });
  if (value === undefined) return undefined;
  await store.set(name, value);
  return value;
}
