import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { startedBy } from './support/model';
import { openNotebook, toolbarButton } from './support/notebook';
import { copyExample } from './support/stage';
import { story } from './support/story';
import { openContainer, paletteRows, picture } from './support/window';

story(
  'in a workspace that is not trusted',
  { prepare: (projects) => copyExample(projects, 'iris'), trusted: false },
  (step) => {
    step('the Models view says why nothing runs', async ({ page }) => {
      await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
      await openContainer(page, 'Slipway');
      await page.locator('.welcome-view-content', { hasText: 'nothing runs here until you trust it' }).waitFor();
      await picture(page, 'restricted-mode');
    });

    step('nothing that executes is offered, and nothing was started', async ({ page, home, root }) => {
      await openNotebook(page, 'iris.ipynb');
      assert.equal(await toolbarButton(page, /Deploy Model/).count(), 0);
      assert.equal(
        await page
          .locator('.editor-actions')
          .getByRole('button', { name: /Deploy Model/ })
          .count(),
        0,
      );
      const offered = await paletteRows(page, 'Slipway: ');
      assert.ok(
        offered.some((one) => one.includes('Refresh')),
        offered.join('\n'),
      );
      assert.deepEqual(
        offered.filter((one) => /Deploy|Inspect|Train|Start|Remove|Scale|Plan/.test(one)),
        [],
      );
      assert.deepEqual(startedBy(root), []);
      assert.deepEqual(
        (await readdir(home)).filter((name) => name !== 'models'),
        ['cache'],
      );
    });
  },
);
