import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCredentials } from '../../core/credentials';
import type { Dependencies, Finding } from '../../core/project';

/** Files that list packages or describe the project; more than this of one is not read. */
const listsPackages =
  /^(?:pyproject\.toml|uv\.toml|uv\.lock|poetry\.lock|pylock(?:\.[\w-]+)?\.toml|.*requirements.*\.(?:txt|in)|.*constraints.*\.txt|Pipfile(?:\.lock)?|(?:environment|conda|conda[-_]env)\.ya?ml|slipway\.yaml|setup\.(?:cfg|py))$/i;

/** Whether a file that lists packages names an address with a password: such a file stays behind. */
export async function holdsCredentials(root: string, file: string): Promise<boolean> {
  if (!listsPackages.test(path.posix.basename(file))) return false;
  return hasCredentials(await readFile(path.join(root, file), 'utf8').catch(() => ''));
}

/** Says where an address with credentials was found. requirements.txt says it line by line. */
export async function credentialFindings(root: string, dependencies: Dependencies): Promise<readonly Finding[]> {
  const { source, requirements } = dependencies;
  const origins = requirements.filter((one) => hasCredentials(one.spec)).map((one) => one.origin);
  const locked = source.kind === 'lock' && (await holdsCredentials(root, source.file)) ? [source.file] : [];
  return [...new Set([...origins, ...locked])].map((origin) => ({
    code: 'CredentialsLeftOut',
    severity: 'warning',
    message: `${origin} names a password in the address of a package. It is left out: git’s own store or .netrc gives it. Remove it from the file, and change it if others have seen the file.`,
  }));
}
