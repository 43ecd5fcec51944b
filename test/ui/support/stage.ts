import { cp, glob, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { homeAt } from '../../../src/core/home';
import { cacheFolder } from '../../testbed/cache';
import { startServer } from '../../testbed/vscode/server';
import { openWorkbench } from '../../testbed/vscode/workbench';

export const repository = path.resolve(import.meta.dirname, '..', '..', '..');

/** A workbench with the packaged extension, an empty home and a folder for projects; `close` ends and removes all of it. */
export interface Stage {
  readonly page: Page;
  /** Slipway's home folder. */
  readonly home: string;
  /** Everything of this stage lies below it, and every process that it starts names it in its command line. */
  readonly root: string;
  /** Where the projects are; its name has a space and letters that are not ASCII. */
  readonly projects: string;
  /** Loads the workbench again with another folder, with a `.code-workspace` file, or with nothing. */
  readonly open: (fileOrFolder: string | undefined) => Promise<void>;
  /** @returns command lines of processes that had outlived the server */
  close(): Promise<readonly string[]>;
}

export interface StageOptions {
  /** Makes the projects and returns what the workbench opens first. */
  readonly prepare: (projects: string) => Promise<string>;
  /** Environment of the editor beside its own. */
  readonly env?: () => Readonly<Record<string, string>>;
  /** False: the workbench asks whether it may trust the folder. */
  readonly trusted?: boolean;
}

/** Starts a server, fills its folder and opens its workbench. @throws Error without a packaged extension in `SLIPWAY_VSIX` */
export async function openStage({ prepare, trusted = true, env }: StageOptions): Promise<Stage> {
  const vsix = process.env['SLIPWAY_VSIX'];
  if (vsix === undefined) throw new Error('SLIPWAY_VSIX names no packaged extension. Run: npm test -- ui');
  const server = await startServer({
    vsix: [vsix],
    trustEverything: trusted,
    report: console.log,
    ...(env === undefined ? {} : { env: env() }),
  });
  try {
    const projects = path.join(server.folder, 'Blüten Übung');
    await mkdir(projects);
    await shareWheels(server.home);
    const folder = await prepare(projects);
    const workbench = await openWorkbench(server, { folder, width: 1280, height: 800 });
    const { page } = workbench;
    return {
      page,
      home: server.home,
      root: server.folder,
      projects,
      open: async (fileOrFolder) => {
        const url = new URL(server.url);
        if (fileOrFolder === undefined) url.searchParams.set('ew', 'true');
        else url.searchParams.set(fileOrFolder.endsWith('.code-workspace') ? 'workspace' : 'folder', fileOrFolder);
        await page.goto(url.toString());
        await page.waitForSelector('.monaco-workbench');
      },
      close: async () => {
        await workbench.close();
        return server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Downloaded wheels are kept between runs, as a user's own cache is; all else in the home is made anew. */
async function shareWheels(home: string): Promise<void> {
  const { wheels } = homeAt(home);
  const shared = path.join(cacheFolder(), 'wheels');
  await mkdir(shared, { recursive: true });
  await mkdir(path.dirname(wheels), { recursive: true });
  await symlink(shared, wheels, 'junction');
}

/** Copies an example of the repository, so that edits never touch the original. */
export async function copyExample(projects: string, name: string): Promise<string> {
  const copy = path.join(projects, name);
  await cp(path.join(repository, 'examples', name), copy, { recursive: true });
  return copy;
}

/** Writes a project from the contents of its files. */
export async function writeProject(
  projects: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = path.join(projects, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  return folder;
}

/** What the workbench shows now, in a new folder of the temporary folder. @returns the picture's path */
export async function keepPicture(page: Page): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'slipway-ui-'));
  const file = path.join(folder, 'failed.png');
  await page.screenshot({ path: file });
  return file;
}

const tailLines = 40;

/** The last lines of each log that the extension wrote in the windows of a stage, oldest window first. */
export async function logTail(root: string): Promise<string> {
  const files: string[] = [];
  for await (const file of glob('data/logs/**/slipway.slipway/*.log', { cwd: root })) files.push(file);
  const texts = await Promise.all(files.sort().map((file) => readFile(path.join(root, file), 'utf8')));
  return texts.map((text) => text.trimEnd().split('\n').slice(-tailLines).join('\n')).join('\n--\n');
}
