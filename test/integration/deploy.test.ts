import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { homeAt } from '../../src/core/home';
import type { DeployedModel } from '../../src/core/deployment';
import { updateProjectState } from '../../src/pipeline/projectState';
import { localTargets } from '../../src/targets/local';
import { eventually } from '../support/eventually';
import { processesNaming } from '../support/processes';

describe('deploy model', function () {
  this.timeout(300_000);
  const home = (): string => vscode.workspace.getConfiguration('slipway').get('home', '');
  const target = () => {
    const found = localTargets.open('local', { home: home(), resources: '', program: 'test' });
    assert.ok(found);
    return found;
  };
  const iris = async (): Promise<DeployedModel | undefined> =>
    (await target().models(AbortSignal.timeout(20_000))).find((one) => one.name === 'iris');
  let notebook: vscode.Uri;

  before(async () => {
    assert.notEqual(home(), '');
    const [uri] = await vscode.workspace.findFiles('iris/iris.ipynb', undefined, 1);
    assert.ok(uri);
    notebook = uri;
    // Dialogs cannot be answered here: the user has agreed before.
    await updateProjectState(homeAt(home()), path.dirname(uri.fsPath), { mayExecute: true });
  });

  after(async () => {
    if ((await iris()) !== undefined) await target().remove('iris', AbortSignal.timeout(60_000));
    await eventually(
      'no process of the model is left',
      20,
      () => processesNaming(path.join(home(), 'models')).length === 0,
    );
  });

  it('ends with a model that answers', async () => {
    await vscode.commands.executeCommand('slipway.deployModel', notebook);
    const model = await iris();
    assert.equal(model?.phase, 'Ready', model?.reason?.message);
    const response = await fetch(`${model.endpoint ?? ''}/v2/health/ready`);
    assert.equal(response.status, 200);
  });

  it('follows the log of the model that it deployed', async () => {
    const shown = (): boolean =>
      vscode.workspace.textDocuments.some(
        (document) => document.uri.scheme === 'output' && /slipway/i.test(document.uri.path),
      );
    await eventually('its log is open', 20, shown);
  });

  it('stops and starts it by its name', async () => {
    await vscode.commands.executeCommand('slipway.stop', 'iris');
    assert.equal((await iris())?.phase, 'Stopped');
    await vscode.commands.executeCommand('slipway.start', { name: 'iris', targetId: 'local' });
    assert.equal((await iris())?.phase, 'Ready');
  });
});
