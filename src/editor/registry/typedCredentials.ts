import type * as vscode from 'vscode';
import type { CredentialSource } from '../../clients/registry/dockerConfig';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Credentials of registries that the user typed, kept by the editor's own SecretStorage and nowhere else. */
export interface TypedCredentials {
  /** For the registry client: asked again for each connection, so that other windows take part. */
  readonly find: CredentialSource;
  set(host: string, login: Login): Promise<void>;
  forget(host: string): Promise<void>;
  /** Hosts that credentials are kept for. */
  hosts(): Promise<readonly string[]>;
}

const prefix = 'registry:';

/** The part of the secret storage that is used. */
export type SecretKeys = Pick<vscode.SecretStorage, 'keys' | 'get' | 'store' | 'delete'>;

export function typedCredentials(storage: SecretKeys): TypedCredentials {
  return {
    find: async (host) => {
      const login = readLogin(await storage.get(prefix + host));
      return login === undefined ? undefined : { kind: 'password', ...login };
    },
    set: async (host, { username, password }) => storage.store(prefix + host, JSON.stringify({ username, password })),
    forget: async (host) => storage.delete(prefix + host),
    hosts: async () => {
      const keys = await storage.keys();
      return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    },
  };
}

function readLogin(text: string | undefined): Login | undefined {
  if (text === undefined) return undefined;
  const { username, password } = JSON.parse(text) as Partial<Login>;
  return username === undefined || password === undefined ? undefined : { username, password };
}
