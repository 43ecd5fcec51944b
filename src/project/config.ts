import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LineCounter, parseDocument, isMap, isNode, type Document } from 'yaml';
import { UserError } from '../core/errors';
import type { ProjectConfig } from '../core/project';
import schema from '../../resources/schemas/slipway.schema.json';
import { checkSchema, type SchemaNode } from './schema';

export const configFile = 'slipway.yaml';

/** Reads `slipway.yaml` of a project; an empty object when there is none. @throws UserError ConfigInvalid with file and line */
export async function readConfig(root: string, signal: AbortSignal): Promise<ProjectConfig> {
  for (const name of [configFile, 'slipway.yml']) {
    const file = path.join(root, name);
    let text: string;
    try {
      text = await readFile(file, { encoding: 'utf8', signal });
    } catch (error) {
      signal.throwIfAborted();
      if (isMissing(error)) continue;
      throw configInvalid(file, undefined, 'it cannot be read', error);
    }
    return parseConfig(file, text);
  }
  return {};
}

/** Checks the text of a `slipway.yaml`. @throws UserError ConfigInvalid */
export function parseConfig(file: string, text: string): ProjectConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const broken = document.errors[0];
  if (broken !== undefined) throw configInvalid(file, lines.linePos(broken.pos[0]).line, broken.message);
  const data: unknown = document.toJS({ maxAliasCount: 50 });
  if (data === null || data === undefined) return {};
  const problem = checkSchema(data, schema as SchemaNode)[0];
  if (problem !== undefined) throw configInvalid(file, lineOf(document, lines, problem.path), problem.message);
  return data;
}

/** The line of the value at a path; of its nearest parent where the value has none. */
function lineOf(document: Document, lines: LineCounter, keys: readonly (string | number)[]): number | undefined {
  for (let length = keys.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === String(keys[length - 1])) : undefined;
    const node: unknown = pair?.key ?? document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}

function configInvalid(file: string, line: number | undefined, why: string, cause?: unknown): UserError {
  const location = line === undefined ? { file } : { file, line };
  const where = line === undefined ? '' : `, line ${line}`;
  return new UserError('ConfigInvalid', `${path.basename(file)}${where}: ${why}.`, {
    cause,
    location,
    remedy: { kind: 'openFile', label: 'Open the file', location },
  });
}

export function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR')
  );
}
