import { hubKey, type Credentials } from '../registry/dockerConfig';

/** Credentials in the words of the engine's API. Never log them. */
export interface EngineCredentials {
  readonly serveraddress: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** @see https://docs.docker.com/reference/api/engine/version/v1.48/#section/Authentication */
export function engineCredentials(host: string, found: Credentials): EngineCredentials | undefined {
  const serveraddress = host === 'docker.io' ? hubKey : host;
  switch (found.kind) {
    case 'anonymous':
      return undefined;
    case 'password':
      return { serveraddress, username: found.username, password: found.password };
    case 'identityToken':
      return { serveraddress, identitytoken: found.token };
    case 'registryToken':
      return { serveraddress, registrytoken: found.token };
  }
}
