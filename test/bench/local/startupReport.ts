import type { Page } from 'playwright-core';
import { closeAllEditors } from '../../ui/support/window';
import { runCommand } from '../../testbed/vscode/workbench';

/** A row of the activation table that `Developer: Startup Performance` shows. Milliseconds. */
export interface ActivationRow {
  readonly load: number;
  readonly call: number;
  readonly finish: number;
  /** What activated it. */
  readonly event: string;
}

/** The text of `Developer: Startup Performance`, as a copy of the whole editor. */
export async function readReport(page: Page): Promise<string> {
  await runCommand(page, 'Developer: Startup Performance');
  const editor = page.locator('.editor-instance .view-lines').first();
  await editor.getByText('System Info').first().waitFor();
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Control+C');
  // A string, since it runs in the page, whose types are not ours.
  const text: unknown = await page.evaluate('navigator.clipboard.readText()');
  await closeAllEditors(page);
  return String(text);
}

/** The rows `| Extension | Eager | Load Code | Call Activate | Finish Activate | Event | By |` of the extensions that are active. */
export function activationRows(report: string): ReadonlyMap<string, ActivationRow> {
  const rows = report
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(
    rows.flatMap(([, name = '', , ...cells]) => {
      const [load = NaN, call = NaN, finish = NaN] = cells.slice(0, 3).map(Number);
      return [load, call, finish].some(Number.isNaN)
        ? []
        : [[name, { load, call, finish, event: cells[3] ?? '' }] as const];
    }),
  );
}

/** What the extension host noted when it loaded and called an extension, in milliseconds; undefined before it was called. */
export function marksOf(
  report: string,
  extension: string,
): { readonly load: number; readonly call: number } | undefined {
  const times = new Map(
    report
      .split('\n')
      .map((line) => /^code\/extHost\/(\w+)\/(\S+)\s+(\d+)/.exec(line))
      .filter((match) => match?.[2] === extension)
      .map((match) => [match?.[1] ?? '', Number(match?.[3])]),
  );
  const between = (from: string, to: string): number => (times.get(to) ?? NaN) - (times.get(from) ?? NaN);
  const load = between('willLoadExtensionCode', 'didLoadExtensionCode');
  const call = between('willActivateExtension', 'didActivateExtension');
  return Number.isNaN(load) || Number.isNaN(call) ? undefined : { load, call };
}
