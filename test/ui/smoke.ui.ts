import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, type EditorServer } from '../testbed/vscode/server';
import {
  openFile,
  openWorkbench,
  outputText,
  runCommand,
  screenshot,
  step,
  type Workbench,
} from '../testbed/vscode/workbench';

describe('the packaged extension in a real workbench', () => {
  let server: EditorServer;
  let workbench: Workbench;

  before(async () => {
    const vsix = process.env['SLIPWAY_VSIX'];
    assert.ok(vsix, 'SLIPWAY_VSIX names no package: run this through npm test -- ui');
    server = await startServer({ vsix: [vsix], report: console.log });
    const folder = path.join(server.folder, 'iris');
    cpSync('examples/iris', folder, { recursive: true });
    workbench = await openWorkbench(server, { folder });
  });
  after(async () => {
    await workbench.close();
    assert.deepEqual(await server.stop(), [], 'processes outlived the editor');
  });

  it('opens the notebook', async () => {
    const { page } = workbench;
    await step(page, 'open notebook', async () => {
      await openFile(page, 'iris.ipynb');
      await page.locator('.notebookOverlay').getByText('load_iris').first().waitFor();
    });
  });

  it('shows its views, activated by nothing else', async () => {
    const { page } = workbench;
    await step(page, 'open views', async () => {
      await page.getByRole('tab', { name: 'Slipway' }).first().click();
      await page.locator('.pane-header', { hasText: 'Models' }).waitFor();
      await page.locator('.pane-header', { hasText: 'Clusters' }).waitFor();
      await screenshot(page, 'views');
    });
  });

  it('writes to its log', async () => {
    const { page } = workbench;
    await step(page, 'show log', async () => {
      await runCommand(page, 'Slipway: Show Log');
      await page.locator('.output-view').waitFor();
      assert.equal(typeof (await outputText(page)), 'string');
    });
  });

  it('asks for nothing outside of this machine', () => {
    assert.deepEqual([...workbench.refused], []);
  });
});
