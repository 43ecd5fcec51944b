import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { commands } from '../../src/commands';
import { eventually } from '../support/eventually';
import { processesNaming } from '../support/processes';

const slipway = (): vscode.Extension<unknown> => {
  const extension = vscode.extensions.getExtension('slipway.slipway');
  assert.ok(extension, 'it is not installed');
  return extension;
};
const home = (): string => vscode.workspace.getConfiguration('slipway').get('home', '');
const ours = (): readonly string[] => {
  assert.notEqual(home(), '');
  return [home(), slipway().extensionPath].flatMap(processesNaming).map((one) => one.commandLine);
};

describe('start', () => {
  it('does not wake up for a notebook that is opened', async () => {
    const [uri] = await vscode.workspace.findFiles('**/iris.ipynb', undefined, 1);
    assert.ok(uri);
    await vscode.window.showNotebookDocument(await vscode.workspace.openNotebookDocument(uri));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    assert.equal(slipway().isActive, false);
  });

  describe('when active', () => {
    before(() => slipway().activate());

    it('has every command', async () => {
      const registered = new Set(await vscode.commands.getCommands(true));
      for (const id of Object.keys(commands)) assert.ok(registered.has(id), id);
    });

    it('has started no process and written nothing', () => {
      assert.deepEqual(ours(), []);
      assert.deepEqual(existsSync(home()) ? readdirSync(home()) : [], []);
    });

    it('has the Models view, which reads without starting anything', async () => {
      await vscode.commands.executeCommand('slipway.models.focus');
      await vscode.commands.executeCommand('slipway.refresh');
      assert.deepEqual(ours(), []);
    });

    it('loads little and is quick to activate', async () => {
      const code = path.join(slipway().extensionPath, 'dist/extension.cjs');
      assert.ok(existsSync(code));
      await vscode.commands.executeCommand('perfview.show');
      let row = '';
      await eventually('the activation is measured', 30, () => {
        const text = vscode.window.activeTextEditor?.document.getText() ?? '';
        row = text.split('\n').find((line) => line.includes('slipway.slipway')) ?? '';
        return row !== '';
      });
      // | extension | eager | load ms | call ms | finish ms | …
      console.log(`activation: ${row}`);
      assert.match(row, /\|\s*\d+\s*\|/);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
  });
});
