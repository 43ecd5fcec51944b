import * as vscode from 'vscode';
import type { Location } from '../core/errors';

/** Opens a file at a line, or a notebook at a cell and a line of it. The file is absolute. */
export async function openLocation(location: Location): Promise<void> {
  const uri = vscode.Uri.file(location.file);
  if (location.cell === undefined && !uri.path.endsWith('.ipynb')) {
    await vscode.window.showTextDocument(uri, { selection: lineRange(location.line) });
    return;
  }
  const notebook = await vscode.workspace.openNotebookDocument(uri);
  const editor = await vscode.window.showNotebookDocument(notebook, { preserveFocus: false });
  const cell = findCell(notebook, location.cell);
  if (cell === undefined) return;
  const range = new vscode.NotebookRange(cell.index, cell.index + 1);
  editor.selection = range;
  editor.revealRange(range, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
}

/** The cell with this nbformat id; notebooks older than 4.5 have none, there it is `cell-<index>`. */
export function findCell(notebook: vscode.NotebookDocument, id: string | undefined): vscode.NotebookCell | undefined {
  if (id === undefined) return undefined;
  const cells = notebook.getCells();
  const byId = cells.find((cell) => cell.metadata['id'] === id);
  if (byId !== undefined) return byId;
  const index = /^cell-(\d+)$/.exec(id)?.[1];
  return index === undefined ? undefined : cells[Number(index)];
}

/** The whole of a line that counts from 1; the first line when none is named. */
export function lineRange(line: number | undefined, document?: vscode.TextDocument): vscode.Range {
  const last = (document?.lineCount ?? Number.MAX_SAFE_INTEGER) - 1;
  const index = Math.min(Math.max((line ?? 1) - 1, 0), Math.max(last, 0));
  return document === undefined ? new vscode.Range(index, 0, index, 0) : document.lineAt(index).range;
}
