import * as vscode from 'vscode';
import { formatImageReference } from '../core/image';
import { imageOf } from '../editor/subject';
import type { Command } from './command';

/** Copies what `docker pull` and manifests take: an image by its digest, else its repository. */
export const copyPullReference: Command = async (_app, subject) => {
  const { registry, repository, digest } = imageOf(subject) ?? {};
  if (registry === undefined || repository === undefined) return;
  const reference = formatImageReference({ registry, repository, ...(digest === undefined ? {} : { digest }) });
  await vscode.env.clipboard.writeText(reference);
};
