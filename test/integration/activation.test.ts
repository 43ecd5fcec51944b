import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';

describe('the packaged extension', () => {
  it('activates', async () => {
    const extension = vscode.extensions.getExtension('slipway.slipway');
    assert.ok(extension, 'it is not installed');
    await extension.activate();
    assert.ok(extension.isActive);
  });
});
