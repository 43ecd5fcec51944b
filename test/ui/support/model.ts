import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { outputText } from '../../testbed/vscode/workbench';
import { processesNaming } from '../../support/processes';
import { expand, row, textOf } from './window';
import { repository } from './stage';

/** Waits until the Models view shows the model in this state, for example `v1 · Ready · 1/1`. */
export async function modelIs(page: Page, name: string, state: string, seconds = 60): Promise<void> {
  await page.getByRole('treeitem', { name: `Model ${name}, ${state}` }).waitFor({ timeout: seconds * 1000 });
}

/** The address that the tree shows below the model. */
export async function endpointOf(page: Page): Promise<string> {
  await expand(page, /^Model /);
  const text = await textOf(row(page, /^Endpoint/));
  const address = /127\.0\.0\.1:\d+/.exec(text)?.[0];
  assert.ok(address, `no address in ${text}`);
  return `http://${address}`;
}

/**
 * What the endpoint answers to the example of iris: the species of three flowers. A connection of its own: one that was
 * kept since before a takeover is answered once more by the release that leaves.
 */
export async function predictIris(endpoint: string): Promise<unknown> {
  const body = await readFile(path.join(repository, 'examples/iris/example.json'), 'utf8');
  const response = await fetch(`${endpoint}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body,
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as { readonly predictions: unknown }).predictions;
}

/** Whether nothing listens at the endpoint any more. */
export async function isGone(endpoint: string): Promise<boolean> {
  return fetch(`${endpoint}/v2/health/live`, { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  );
}

/** Waits until the output panel shows a text in its visible lines, at least this often. */
export async function logShows(page: Page, text: string, times = 1): Promise<void> {
  await eventually(`the log shows "${text}" ${String(times)} times`, 30, async () => {
    const shown = await outputText(page).catch(() => '');
    return shown.split(text).length > times;
  });
}

/** Command lines of the processes of a stage that are neither the editor nor its browser: all that Slipway starts. */
export function startedBy(root: string): readonly string[] {
  const lines = processesNaming(root).map((one) => one.commandLine);
  return lines.filter((line) => /python|supervisor\.py|worker\.py|[/\\]uv(\.exe)? /.test(line));
}

/** The same without the Python that reads code: it stays for the next command, and ends with the editor. */
export function workingFor(root: string): readonly string[] {
  return startedBy(root).filter((line) => !line.includes('inspect_project.py'));
}
