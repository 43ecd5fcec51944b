import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';

describe('save lock', function () {
  this.timeout(120_000);
  let notebook: vscode.Uri;
  let lock: vscode.Uri;

  before(async () => {
    const [uri] = await vscode.workspace.findFiles('iris/iris.ipynb', undefined, 1);
    assert.ok(uri);
    notebook = uri;
    lock = vscode.Uri.file(path.join(path.dirname(uri.fsPath), 'pylock.toml'));
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.workspace.fs.delete(lock);
  });

  it('writes the versions of all packages into the project and shows them', async () => {
    await vscode.commands.executeCommand('slipway.saveLock', notebook);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, lock.fsPath);
    const text = vscode.window.activeTextEditor.document.getText();
    for (const name of ['scikit-learn', 'numpy', 'scipy'])
      assert.ok(text.includes(`name = "${name}"`), text.slice(0, 2000));
    assert.match(text, /\[tool\.slipway\]\npython = "3\.\d+"/);
  });
});
