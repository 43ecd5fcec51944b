import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { eventually } from '../support/eventually';

const cell = (id: string, source: string): object => ({
  cell_type: 'code',
  id,
  metadata: {},
  execution_count: null,
  outputs: [],
  source,
});
const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
    language_info: { name: 'python' },
  },
  cells: [
    cell('data', "text = open('/definitely/elsewhere/data.csv').read()"),
    cell('ask', "name = input('Name')"),
    cell('serve', 'def predict(x):\n    return [len(text) for _ in x]'),
  ],
};

describe('inspect project', () => {
  let uri: vscode.Uri;
  const problems = (): readonly (readonly [vscode.Uri, vscode.Diagnostic])[] =>
    vscode.languages
      .getDiagnostics()
      .flatMap(([at, list]) => list.filter((one) => one.source === 'Slipway').map((one) => [at, one] as const));

  before(async () => {
    const [workspace] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(workspace);
    const folder = path.join(workspace.uri.fsPath, 'problems');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'notebook.ipynb'), JSON.stringify(notebook));
    await writeFile(path.join(folder, 'requirements.txt'), '');
    uri = vscode.Uri.file(path.join(folder, 'notebook.ipynb'));
    await vscode.commands.executeCommand('slipway.inspectProject', uri);
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(uri, '..'), { recursive: true });
  });

  it('shows findings at the cell and line that they are about', () => {
    const codes = problems().map(([at, one]) => [at.scheme, one.code, one.range.start.line]);
    assert.ok(
      codes.some(([scheme]) => scheme === 'vscode-notebook-cell'),
      JSON.stringify(codes),
    );
    assert.ok(
      problems().some(([, one]) => one.message.includes('/definitely/elsewhere')),
      JSON.stringify(codes),
    );
  });

  it('removes what it said of a cell when the cell is edited', async () => {
    const document = await vscode.workspace.openNotebookDocument(uri);
    const [first] = document.getCells();
    assert.ok(first);
    const here = (): number => problems().filter(([at]) => at.toString() === first.document.uri.toString()).length;
    assert.ok(here() > 0);
    await vscode.window.showNotebookDocument(document);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(first.document.uri, new vscode.Position(0, 0), '# moved\n');
    assert.ok(await vscode.workspace.applyEdit(edit));
    await eventually('the problems of the cell are gone', 10, () => here() === 0);
  });

  it('applies a fix as an edit of the notebook and of a file', async () => {
    const fix = {
      title: 'Fix',
      edits: [
        { kind: 'replace', file: 'notebook.ipynb', cell: 'ask', startLine: 1, endLine: 1, text: "name = 'Ada'" },
        { kind: 'insert', file: 'notebook.ipynb', after: 'ask', text: 'print(name)', tags: ['example'] },
      ],
      append: { file: 'requirements.txt', text: 'numpy' },
    };
    const root = path.dirname(uri.fsPath);
    await vscode.commands.executeCommand('slipway.applyFix', { fix, root });
    const document = await vscode.workspace.openNotebookDocument(uri);
    assert.deepEqual(
      document
        .getCells()
        .slice(1, 3)
        .map((one) => one.document.getText()),
      ["name = 'Ada'", 'print(name)'],
    );
    assert.deepEqual((document.cellAt(2).metadata['metadata'] as { tags: unknown }).tags, ['example']);
    const requirements = await vscode.workspace.openTextDocument(path.join(root, 'requirements.txt'));
    assert.equal(requirements.getText(), 'numpy\n');
    await document.save();
    await requirements.save();
  });
});
