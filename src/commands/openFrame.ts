import * as vscode from 'vscode';
import type { Location } from '../core/errors';
import { findCell, lineRange, openLocation } from '../editor/openLocation';
import type { Command } from './command';

/** Opens what a link in a traceback points at: a file at a line, or a cell of a notebook at a line of the cell. */
export const openFrame: Command = async (_app, location) => {
  if (!isLocation(location)) return;
  await openLocation(location);
  if (location.cell === undefined || location.line === undefined) return;
  const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(location.file));
  const cell = findCell(notebook, location.cell);
  // The notebook stays open; this only takes the cursor to the line.
  if (cell !== undefined)
    await vscode.commands.executeCommand('vscode.open', cell.document.uri, {
      selection: lineRange(location.line, cell.document),
    });
};

function isLocation(value: unknown): value is Location {
  return typeof value === 'object' && value !== null && 'file' in value && typeof value.file === 'string';
}
