import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { findChromium } from './chromium';

/** A browser window with the workbench in it. */
export interface Workbench {
  readonly page: Page;
  /** Addresses outside this machine that the page asked for; all were refused. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** The folder that the workbench opens. */
  readonly folder?: string;
  /** Startup options of the workbench, as pairs. */
  readonly payload?: readonly (readonly [string, string])[];
  /** Called with the page before it loads. */
  readonly prepare?: (page: Page) => Promise<void>;
  readonly width?: number;
  readonly height?: number;
}

const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

const openDeadlineMs = 90_000;
/** For what a window does: other work may keep the machine busy. */
const patienceMs = 60_000;

/** Opens the workbench of a server. Requests that leave this machine are refused. */
export async function openWorkbench(
  server: { readonly url: string },
  options: WorkbenchOptions = {},
): Promise<Workbench> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No Chromium found: put one on PATH or name it with CHROMIUM.');
  const browser = await chromium.launch({ executablePath, args: browserFlags, headless: true });
  try {
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const refused = await stayOnThisMachine(context);
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await options.prepare?.(page);
    await page.goto(address(server.url, options), { timeout: openDeadlineMs });
    await page.waitForSelector('.monaco-workbench', { timeout: openDeadlineMs });
    return { page, refused, close: () => close(browser) };
  } catch (error) {
    await close(browser);
    throw error;
  }
}

function address(base: string, options: WorkbenchOptions): string {
  const url = new URL(base);
  if (options.folder !== undefined) url.searchParams.set('folder', options.folder);
  if (options.payload !== undefined) url.searchParams.set('payload', JSON.stringify(options.payload));
  return url.toString();
}

async function stayOnThisMachine(context: BrowserContext): Promise<string[]> {
  const refused: string[] = [];
  await context.route(
    (url) => !['127.0.0.1', 'localhost'].includes(url.hostname),
    (route) => {
      refused.push(route.request().url());
      return route.abort();
    },
  );
  return refused;
}

async function close(browser: Browser): Promise<void> {
  await browser.close();
}

/** Runs a command by its title, as the palette shows it, for example `Slipway: Deploy Model`. */
export async function runCommand(page: Page, title: string): Promise<void> {
  const input = page.locator('.quick-input-widget input.input').first();
  const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first();
  const isOffered = (): Promise<boolean> =>
    row.waitFor({ timeout: 5000 }).then(
      () => true,
      () => false,
    );
  // A palette shows the commands that there were when it was opened.
  for (let attempt = 0; attempt < 4; attempt++) {
    await openInput(page, ['F1', 'Control+Shift+P']);
    await input.fill(`>${title}`);
    if (await isOffered()) break;
    await page.keyboard.press('Escape');
  }
  await row.click();
}

/**
 * Opens the box at the top of the window by one of several keys. Keys are lost when the focus sits in an editor that eats
 * them: then they are pressed again, from the status bar.
 */
export async function openInput(page: Page, keys: readonly string[]): Promise<void> {
  const input = page.locator('.quick-input-widget input.input').first();
  for (let attempt = 0; attempt < 6; attempt++) {
    await page.keyboard.press(keys[attempt % keys.length] ?? '');
    const isOpen = await input
      .waitFor({ state: 'visible', timeout: 2500 })
      .then(() => true)
      .catch(() => false);
    if (isOpen) return;
    await page.keyboard.press('Escape');
    if (attempt > 0)
      await page
        .locator('.statusbar .right-items')
        .click({ position: { x: 1, y: 1 } })
        .catch(() => undefined);
  }
  throw new Error(`Nothing opened on ${keys.join(' or ')}.`);
}

/** Opens a file of the workspace by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await openInput(page, ['Control+P']);
  const input = page.locator('.quick-input-widget input.input').first();
  await input.fill(name);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
}

/** The text of the output panel that is shown: the visible lines. */
export async function outputText(page: Page): Promise<string> {
  const lines = page.locator('.output-view .view-lines').first();
  return (await lines.innerText()).replaceAll('\u00a0', ' ');
}

/**
 * Keeps a picture of the workbench in `out/screenshots`, or in `SLIPWAY_SCREENSHOTS`.
 * @returns the file's path
 */
export async function screenshot(page: Page, name: string): Promise<string> {
  const folder = process.env['SLIPWAY_SCREENSHOTS'] ?? path.join('out', 'screenshots');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled' });
  return file;
}
