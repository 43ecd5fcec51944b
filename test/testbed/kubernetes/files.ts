import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';

/** Writes one YAML document for each object. @returns the file's path */
export function writeYaml(file: string, ...documents: readonly object[]): string {
  writeFileSync(file, documents.map((one) => stringify(one)).join('---\n'));
  return file;
}
