import path from 'node:path';
import * as vscode from 'vscode';
import type { App } from '../app';
import { UserError } from '../core/errors';
import type { CellEdit, Inspection } from '../core/project';
import { folderOf } from '../editor/chooseProject';
import { findCell } from '../editor/openLocation';
import { withNotification } from '../editor/progress';
import { saveEditors } from '../editor/saveEditors';
import { inspectOnly } from '../pipeline/inspect';
import type { Command } from './command';

type Insertion = Extract<CellEdit, { kind: 'insert' }>;

/** Drafts `predict` (and `load`) from what the notebook fits, as new cells that the user accepts or discards. */
export const addPredictCell: Command = async (app, subject) => {
  const uri = await app.chooseProject(subject);
  if (uri === undefined) return;
  const inspection = await inspectSaved(app, uri);
  const fix = inspection.findings.find((one) => one.code === 'PredictMissing')?.fix;
  const insertions = fix?.edits.filter((edit) => edit.kind === 'insert') ?? [];
  const [first] = insertions;
  if (fix === undefined || first === undefined) throw nothingDrafted(inspection);
  const file = vscode.Uri.file(path.resolve(inspection.project.root, first.file));
  const notebook = await vscode.workspace.openNotebookDocument(file);
  await vscode.window.showNotebookDocument(notebook);
  if (!(await vscode.workspace.applyEdit(editFor(notebook, insertions)))) return;
  await reveal(notebook, first);
  void offerDiscard(notebook, insertions);
};

async function inspectSaved(app: App, uri: vscode.Uri): Promise<Inspection> {
  await saveEditors(await folderOf(uri));
  const services = await app.services();
  return withNotification(vscode.l10n.t('Reading the notebook'), (_progress, signal) =>
    inspectOnly(services, { path: uri.fsPath }, signal),
  );
}

/** One edit for all cells, so that one undo takes them away. The editor's own preview of edits shows no cells. */
function editFor(notebook: vscode.NotebookDocument, insertions: readonly Insertion[]): vscode.WorkspaceEdit {
  const cells = insertions.map(({ text, tags }) => {
    const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python');
    if (tags !== undefined) cell.metadata = { metadata: { tags: [...tags] } };
    return cell;
  });
  const edit = new vscode.WorkspaceEdit();
  edit.set(notebook.uri, [vscode.NotebookEdit.insertCells(indexAfter(notebook, insertions[0]?.after), cells)]);
  return edit;
}

/** The user reads the draft where it will stand; what was edited meanwhile is the user's own and stays. */
async function offerDiscard(notebook: vscode.NotebookDocument, insertions: readonly Insertion[]): Promise<void> {
  const [keep, discard] = [vscode.l10n.t('Keep'), vscode.l10n.t('Discard')];
  const message = vscode.l10n.t('A draft of predict was added to the notebook. Read it before you deploy.');
  if ((await vscode.window.showInformationMessage(message, keep, discard)) !== discard) return;
  const drafts = new Set(insertions.map(({ text }) => text));
  const added = notebook.getCells().filter((cell) => drafts.has(cell.document.getText()));
  const edit = new vscode.WorkspaceEdit();
  edit.set(
    notebook.uri,
    added.reverse().map(({ index }) => vscode.NotebookEdit.deleteCells(new vscode.NotebookRange(index, index + 1))),
  );
  await vscode.workspace.applyEdit(edit);
}

function indexAfter(notebook: vscode.NotebookDocument, after: string | undefined): number {
  return after === undefined ? 0 : (findCell(notebook, after)?.index ?? notebook.cellCount - 1) + 1;
}

async function reveal(notebook: vscode.NotebookDocument, insertion: Insertion): Promise<void> {
  const index = notebook.getCells().findIndex((cell) => cell.document.getText() === insertion.text);
  if (index === -1) return;
  const editor = await vscode.window.showNotebookDocument(notebook);
  const range = new vscode.NotebookRange(index, index + 1);
  editor.selection = range;
  editor.revealRange(range, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
}

function nothingDrafted({ project }: Inspection): UserError {
  const { entry } = project;
  if (entry.kind === 'notebook') {
    return new UserError(
      'PredictExists',
      vscode.l10n.t('{0} has a function {1} already.', entry.notebook, entry.predict),
      {
        remedy: {
          kind: 'runCommand',
          label: vscode.l10n.t('Deploy Model'),
          command: 'slipway.deployModel',
          args: [vscode.Uri.file(path.join(project.root, entry.notebook))],
        },
      },
    );
  }
  if (entry.kind !== 'none') {
    return new UserError(
      'PredictNotNeeded',
      vscode.l10n.t(
        'The project is served from {0}, not from a notebook, so it needs no predict function.',
        'path' in entry ? entry.path : entry.file,
      ),
    );
  }
  return new UserError(
    'NothingToDraft',
    vscode.l10n.t(
      'No predict function could be drafted: the notebook holds no model that is fitted or loaded under a name.',
    ),
    {
      remedy: {
        kind: 'hint',
        label: vscode.l10n.t('Write a function predict(x) in a cell of its own, at the top level of the notebook.'),
      },
    },
  );
}
