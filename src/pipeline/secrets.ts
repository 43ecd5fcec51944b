import type { DeployHost } from '../core/deploy';
import { UserError } from '../core/errors';
import type { Secrets } from '../core/target';

/** Values of the secrets that a project or release names. @throws UserError SecretMissing, naming those without a value */
export async function collectSecrets(
  host: Pick<DeployHost, 'secret'>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Secrets> {
  const pairs: (readonly [string, string])[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const value = await host.secret(name, signal);
    if (value === undefined) missing.push(name);
    else pairs.push([name, value]);
  }
  if (missing.length > 0) {
    throw new UserError(
      'SecretMissing',
      `No value was found for ${missing.length === 1 ? 'the secret' : 'the secrets'} ${missing.join(', ')} that slipway.yaml names.`,
      {
        remedy: {
          kind: 'hint',
          label: 'Set it in the environment, in a file given with --env-file, or when the editor asks.',
        },
      },
    );
  }
  return Object.fromEntries(pairs);
}
