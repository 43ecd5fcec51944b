import * as vscode from 'vscode';
import { imageOf } from '../editor/subject';
import type { Command } from './command';

/** Copies the digest of an image or a layer. */
export const copyDigest: Command = async (_app, subject) => {
  const digest = imageOf(subject)?.digest;
  if (digest !== undefined) await vscode.env.clipboard.writeText(digest);
};
