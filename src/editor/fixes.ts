import path from 'node:path';
import * as vscode from 'vscode';
import type { CellEdit, Fix } from '../core/project';
import { findCell } from './openLocation';
import type { Problems } from './problems';
import { askSecret, type SecretStore } from './secretStore';

export interface FixRequest {
  readonly fix: Fix;
  /** Folder that the paths of the fix are relative to. */
  readonly root: string;
}

/** Quick fixes for the problems that have one. */
export function fixProvider(problems: Problems): vscode.CodeActionProvider {
  return {
    provideCodeActions: (document, range) =>
      problems.of(document.uri).flatMap(({ diagnostic, finding, root }) => {
        if (finding.fix === undefined || diagnostic.range.intersection(range) === undefined) return [];
        const action = new vscode.CodeAction(finding.fix.title, vscode.CodeActionKind.QuickFix);
        action.diagnostics = [diagnostic];
        const request: FixRequest = { fix: finding.fix, root };
        action.command = { command: 'slipway.applyFix', title: finding.fix.title, arguments: [request] };
        return [action];
      }),
  };
}

/** Applies a fix as one edit that can be undone. A fix with a secret asks for its value first; without one nothing changes. */
export async function applyFix({ fix, root }: FixRequest, secrets: SecretStore): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  const replaced: string[] = [];
  for (const change of fix.edits) await addChange(edit, root, change, replaced);
  if (fix.append !== undefined)
    await addAppend(edit, vscode.Uri.file(path.resolve(root, fix.append.file)), fix.append.text);
  if (fix.secret !== undefined && (await askSecret(secrets, fix.secret.name, onlyLiteral(replaced))) === undefined)
    return;
  await vscode.workspace.applyEdit(edit);
}

async function addChange(
  edit: vscode.WorkspaceEdit,
  root: string,
  change: CellEdit,
  replaced: string[],
): Promise<void> {
  const uri = vscode.Uri.file(path.resolve(root, change.file));
  if (change.kind === 'replace') {
    const document = await documentOf(uri, change.cell);
    const range = new vscode.Range(
      document.lineAt(change.startLine - 1).range.start,
      document.lineAt(change.endLine - 1).range.end,
    );
    replaced.push(document.getText(range));
    edit.replace(document.uri, range, change.text.replace(/\n$/, ''));
    return;
  }
  const notebook = await vscode.workspace.openNotebookDocument(uri);
  const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, change.text, 'python');
  if (change.tags !== undefined) cell.metadata = { metadata: { tags: [...change.tags] } };
  const index = (findCell(notebook, change.after)?.index ?? -1) + 1;
  edit.set(uri, [vscode.NotebookEdit.insertCells(index, [cell])]);
}

async function documentOf(uri: vscode.Uri, cellId: string): Promise<vscode.TextDocument> {
  if (!uri.path.endsWith('.ipynb')) return vscode.workspace.openTextDocument(uri);
  const cell = findCell(await vscode.workspace.openNotebookDocument(uri), cellId);
  if (cell === undefined) throw new Error(`The notebook ${uri.fsPath} has no cell ${cellId} any more.`);
  return cell.document;
}

async function addAppend(edit: vscode.WorkspaceEdit, uri: vscode.Uri, text: string): Promise<void> {
  const line = text.endsWith('\n') ? text : `${text}\n`;
  const exists = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
  if (!exists) {
    edit.createFile(uri, { contents: Buffer.from(line) });
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const end = document.lineAt(document.lineCount - 1).range.end;
  edit.insert(uri, end, end.character === 0 ? line : `\n${line}`);
}

/** The text of the one string literal in the lines that a fix replaces: the value that moves to the secret storage. */
function onlyLiteral(lines: readonly string[]): string | undefined {
  const literals = [...lines.join('\n').matchAll(/(['"])((?:\\.|(?!\1)[^\\\n])+)\1/g)];
  return literals.length === 1 ? literals[0]?.[2] : undefined;
}
