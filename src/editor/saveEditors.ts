import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { UserError } from '../core/errors';

/** Saves what is unsaved below a folder, since a deploy reads files. @throws UserError SaveFailed */
export async function saveEditors(folder: string): Promise<void> {
  const documents = [...vscode.workspace.notebookDocuments, ...vscode.workspace.textDocuments];
  for (const document of documents) {
    if (!document.isDirty || document.uri.scheme !== 'file' || !isBelow(folder, document.uri.fsPath)) continue;
    if (await save(document)) continue;
    throw new UserError('SaveFailed', vscode.l10n.t('{0} could not be saved.', path.basename(document.uri.fsPath)), {
      remedy: { kind: 'hint', label: vscode.l10n.t('Save it yourself and try again.') },
    });
  }
}

/** Auto save may be at the same document at the same moment: then it is unsaved still after the first attempt. */
async function save(document: vscode.NotebookDocument | vscode.TextDocument): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if ((await document.save()) || !document.isDirty) return true;
    await delay(300);
  }
  return false;
}

function isBelow(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
