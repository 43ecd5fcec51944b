import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { UserError } from '../core/errors';
import type { ClusterObject } from '../core/target';

const list = 'kustomization.yaml';

/**
 * Writes objects as YAML files for `kubectl apply -f` and, by a list of them, for `kubectl apply -k`. A folder that this
 * wrote before is written again; what else is in it stays.
 * @returns names of the files
 * @throws UserError OutputExists when the folder holds a kustomization of somebody else
 */
export async function writeManifests(folder: string, objects: readonly ClusterObject[]): Promise<readonly string[]> {
  const files = objects.map((object) => ({ name: `${object.kind.toLowerCase()}.yaml`, text: textOf(object) }));
  const names = files.map(({ name }) => name);
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  if (there.length > 0 && !there.includes(names[0] ?? '')) throw outputExists(folder);
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: names };
  for (const { name, text } of [...files, { name: list, text: textOf(kustomization) }])
    await writeFile(path.join(folder, name), text);
  return [...names, list];
}

/** kubectl reads YAML 1.1, to which `on` is true. */
function textOf(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' });
}

function outputExists(folder: string): UserError {
  return new UserError('OutputExists', `${folder} holds other files.`, {
    remedy: { kind: 'hint', label: 'Name an empty folder, or one that manifests of a model were written to before.' },
  });
}
