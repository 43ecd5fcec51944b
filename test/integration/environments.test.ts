import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { notebookOf } from '../support/notebooks';

/** What `testbed/vscode/pythonExtension` offers beside the interface that it stands for. */
interface ChosenPython {
  choose(file: string, python: string): void;
}

describe('the kernel of a notebook', () => {
  let root: string;
  let folder: string;
  let notebook: string;
  const codes = (): readonly unknown[] =>
    vscode.languages
      .getDiagnostics()
      .flatMap(([, list]) => list.filter((one) => one.source === 'Slipway').map((one) => one.code));

  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'slw-kernel-'));
    const [workspace] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(workspace);
    folder = path.join(workspace.uri.fsPath, 'kernel');
    notebook = path.join(folder, 'notebook.ipynb');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'requirements.txt'), '');
    await writeFile(notebook, notebookOf('import mine', 'def predict(x):\n    return x'));
    // An environment far from the project, with a package that is edited where it lies.
    const info = path.join(root, 'venv/lib/python3.11/site-packages/mine-1.0.dist-info');
    await mkdir(info, { recursive: true });
    await mkdir(path.join(root, 'venv/bin'));
    await writeFile(path.join(root, 'venv/bin/python'), '');
    await writeFile(path.join(root, 'venv/pyvenv.cfg'), 'home = /usr/bin\nversion = 3.11.9\n');
    await writeFile(path.join(info, 'METADATA'), 'Name: mine\n');
    const direct = { url: pathToFileURL(root).href, dir_info: { editable: true } };
    await writeFile(path.join(info, 'direct_url.json'), JSON.stringify(direct));
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(root, { recursive: true, force: true });
  });

  it('tells which packages are installed', async function () {
    if (process.platform === 'win32') this.skip();
    const extension = vscode.extensions.getExtension<ChosenPython>('ms-python.python');
    assert.ok(
      extension,
      vscode.extensions.all
        .map((one) => one.id)
        .filter((id) => !id.startsWith('vscode.'))
        .join(),
    );
    await extension.activate();
    await vscode.commands.executeCommand('slipway.inspectProject', vscode.Uri.file(notebook));
    assert.ok(!codes().includes('PackageFromFolder'), codes().join());
    extension.exports.choose(notebook, path.join(root, 'venv/bin/python'));
    await vscode.commands.executeCommand('slipway.inspectProject', vscode.Uri.file(notebook));
    assert.ok(codes().includes('PackageFromFolder'), codes().join());
  });
});
