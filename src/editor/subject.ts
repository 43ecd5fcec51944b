import * as vscode from 'vscode';
import type { ImageSubject } from '../tree/node';

/** Which model, on which target. */
export interface ModelRef {
  readonly targetId: string;
  readonly name: string;
}

/** A model as a command's argument names it: a tree node that carries one, a reference, or only a name. */
export interface NamedModel {
  readonly targetId: string | undefined;
  readonly name: string;
}

/** The model that a command's first argument is about, if it is about one. */
export function modelOf(subject: unknown): NamedModel | undefined {
  if (typeof subject === 'string') return { targetId: undefined, name: subject };
  if (!isRecord(subject)) return undefined;
  const inner = subject['node'] ?? subject['model'];
  if (isRecord(inner)) return modelOf(inner);
  const { name, targetId } = subject;
  if (typeof name !== 'string') return undefined;
  return { name, targetId: typeof targetId === 'string' ? targetId : undefined };
}

/** The release that a row of the Models tree stands for. */
export function versionOf(subject: unknown): number | undefined {
  if (!isRecord(subject)) return undefined;
  if (isRecord(subject['node'])) return versionOf(subject['node']);
  return typeof subject['version'] === 'number' ? subject['version'] : undefined;
}

/** The image, or the part of one, that a row of the Registries view stands for. */
export function imageOf(subject: unknown): ImageSubject | undefined {
  if (!isRecord(subject) || !isRecord(subject['node']) || !isRecord(subject['node']['image'])) return undefined;
  return subject['node']['image'];
}

/** The file or folder that a command's first argument is about: the explorer's, an editor's, a notebook toolbar's. */
export function uriOf(subject: unknown): vscode.Uri | undefined {
  if (subject instanceof vscode.Uri) return subject;
  if (!isRecord(subject)) return undefined;
  const editor = subject['notebookEditor'];
  if (isRecord(editor)) return uriOf(editor['notebookUri']);
  return uriOf(subject['resourceUri']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
