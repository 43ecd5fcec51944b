import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { keepPicture, logTail, openStage, type Stage, type StageOptions } from './stage';

/** Adds a step to a story. `seconds` bounds it; every wait inside has a shorter deadline of its own. */
export type Step = (name: string, body: (stage: Stage) => Promise<void>, seconds?: number) => void;

const stepSeconds = 120;

/**
 * A sequence of tests in one window: each starts where the one before it left the workbench. The first failure keeps
 * a picture and the end of the extension's log, and ends the story; the steps after it are skipped. Whatever the window started is ended afterwards.
 */
export function story(title: string, options: StageOptions, tell: (step: Step) => void): void {
  describe(title, () => {
    let stage: Stage | undefined;
    let failed: string | undefined;
    before(
      async () => {
        stage = await openStage(options);
      },
      { timeout: 300_000 },
    );
    after(async () => {
      await stage?.close();
    });
    tell((name, body, seconds = stepSeconds) => {
      it(name, { timeout: seconds * 1000 }, async (context) => {
        if (stage === undefined || failed !== undefined) {
          context.skip(`after the failure of: ${failed ?? 'opening the workbench'}`);
          return;
        }
        failed = name;
        await body(stage).catch((error: unknown) => rethrowWithEvidence(stage, error));
        failed = undefined;
      });
    });
  });
}

async function rethrowWithEvidence(stage: Stage | undefined, error: unknown): Promise<never> {
  const picture = stage === undefined ? 'none' : await keepPicture(stage.page).catch(() => 'none');
  const log = stage === undefined ? 'none' : await logTail(stage.root).catch(() => 'none');
  const rows = stage === undefined ? [] : await treeRows(stage.page).catch(() => []);
  const message = error instanceof Error ? error.message : String(error);
  const evidence = [`picture: ${picture}`, 'rows of the trees:', ...rows, 'log:', log].join('\n');
  throw new Error(`${message}\n${evidence}`, { cause: error });
}

async function treeRows(page: Page): Promise<readonly string[]> {
  const rows = await page.getByRole('treeitem').all();
  return Promise.all(
    rows.map(async (row) => {
      const [name, isOpen] = await Promise.all(['aria-label', 'aria-expanded'].map((one) => row.getAttribute(one)));
      return `  ${isOpen === 'true' ? 'v' : isOpen === 'false' ? '>' : ' '} ${name ?? ''}`;
    }),
  );
}
