import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDebianPackage } from '../core/debianPackage';
import { UserError } from '../core/errors';
import type { Project } from '../core/project';
import { isMissing } from './config';

const fileName = 'apt.txt';

/**
 * Debian packages that a project asks for: `apt` in slipway.yaml and the lines of apt.txt, sorted.
 * @throws UserError AptFileInvalid
 */
export async function systemPackages({ root, config }: Pick<Project, 'root' | 'config'>): Promise<readonly string[]> {
  const file = path.join(root, fileName);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw invalid(file, undefined, 'it cannot be read', error);
  });
  const listed = text.split('\n').flatMap((line, index) => namesOf(file, line, index + 1));
  return [...new Set([...(config.apt ?? []), ...listed])].sort();
}

function namesOf(file: string, line: string, number: number): readonly string[] {
  const names = line
    .replace(/#.*$/, '')
    .split(/\s+/)
    .filter((name) => name !== '');
  const wrong = names.find((name) => !isDebianPackage(name));
  if (wrong !== undefined) throw invalid(file, number, `${JSON.stringify(wrong)} is no name of a Debian package`);
  return names;
}

function invalid(file: string, line: number | undefined, why: string, cause?: unknown): UserError {
  const location = line === undefined ? { file } : { file, line };
  const where = line === undefined ? '' : `, line ${line}`;
  return new UserError('AptFileInvalid', `${fileName}${where}: ${why}.`, {
    cause,
    location,
    remedy: { kind: 'openFile', label: 'Open the file', location },
  });
}
