import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findInterpreters } from '../../src/clients/python/interpreters';
import { uvRelease } from '../../src/clients/python/uvRelease';
import { findUv } from '../../src/clients/python/uvProgram';
import type { DeployedModel } from '../../src/core/deployment';
import { homeAt } from '../../src/core/home';
import type { Target } from '../../src/core/target';
import type { ImageOptions } from '../../src/pipeline/deployImage';
import { addressedModel } from '../../src/pipeline/addressed';
import { deployModel, type DeployModelRequest } from '../../src/pipeline/deployModel';
import { predict } from '../../src/pipeline/predict';
import { makeServices, openTarget, type Services } from '../../src/pipeline/services';
import { cached, cacheFolder } from '../testbed/cache';
import { endProcessesNaming, onExit } from '../testbed/cleanup';
import { eventually } from './eventually';
import { processesNaming } from './processes';
import { recordingHost, type RecordingHost } from './recordingHost';

export const repository = path.resolve(import.meta.dirname, '..', '..');
export const resources = path.join(repository, 'resources');

/** A folder for one suite: a home, copies of projects and everything that is started from them. */
export interface Workspace {
  /** Short, because sockets lie below it; its name is in the command line of every process that is started from it. */
  readonly root: string;
  readonly home: string;
  /** Temporary files of this process and its children. */
  readonly temporary: string;
  readonly services: Services;
  readonly signal: AbortSignal;
  target(): Promise<Target>;
  /** Copies a project and returns the copy; edits never touch the original. */
  copyProject(folder: string, name?: string): Promise<string>;
  /** Writes a project from the contents of its files. */
  writeProject(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  deploy(
    request: Omit<DeployModelRequest, 'target'>,
    host?: RecordingHost,
    signal?: AbortSignal,
  ): Promise<DeployedModel>;
  /** The predictions for a body of `/invocations`. */
  predict(name: string, body: unknown): Promise<unknown>;
  model(name: string): Promise<DeployedModel | undefined>;
  /** Removes every model and the folder. @returns command lines of processes that had survived the removal */
  close(): Promise<readonly string[]>;
}

export interface WorkspaceOptions {
  readonly target: string;
  readonly kubeconfig?: string;
  /** How the images of models are built, where the target runs images. */
  readonly image?: (model: string) => ImageOptions;
}

export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'slw-')));
  const [home, temporary] = [path.join(root, 'home'), path.join(root, 't')];
  await mkdir(temporary);
  await mkdir(path.join(home, 'cache'), { recursive: true });
  await shareDownloads(home);
  // As on a user's machine: training leaves byte code behind, so that workers need not compile libraries at each start.
  Reflect.deleteProperty(process.env, 'PYTHONDONTWRITEBYTECODE');
  const services = makeServices({ home, resources, program: 'contract suite', kubeconfig: options.kubeconfig ?? '' });
  const signal = new AbortController().signal;
  const restore = useTemporaryFolder(temporary);
  const done = onExit(() => {
    endProcessesNaming(root);
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  });
  const target = (): Promise<Target> => openTarget(services, options.target);
  return {
    root,
    home,
    temporary,
    services,
    signal,
    target,
    copyProject: async (folder, name = path.basename(folder)) => {
      const copy = path.join(root, 'projects', name);
      await cp(folder, copy, { recursive: true, filter: (file) => path.basename(file) !== '__pycache__' });
      return copy;
    },
    writeProject: async (name, files) => {
      const folder = path.join(root, 'projects', name);
      for (const [file, content] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
        await writeFile(path.join(folder, file), content);
      }
      return folder;
    },
    deploy: (request, host = recordingHost(), abort = signal) =>
      deployModel(services, host, { ...imageOf(options, request), ...request, target: options.target }, abort),
    predict: async (name, body) =>
      (await predict(await target(), name, JSON.stringify(body), signal)).answer.predictions,
    model: async (name) => addressedModel(await target(), name, signal),
    close: async () => {
      const opened = await target();
      for (const { name } of await opened.models(signal)) await opened.remove(name, signal).catch(() => undefined);
      services.close();
      // A supervisor answers before it ends itself.
      await eventually('all processes have ended', 10, () => processesNaming(root).length === 0).catch(() => undefined);
      const survivors = endProcessesNaming(root);
      restore();
      done();
      await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      return survivors;
    },
  };
}

/** The model's name is that of its folder, where no other is given. */
function imageOf(
  { image }: WorkspaceOptions,
  { name, path: folder }: Omit<DeployModelRequest, 'target'>,
): Pick<DeployModelRequest, 'image'> {
  return image === undefined ? {} : { image: image(name ?? path.basename(folder)) };
}

/** The downloads of uv and wheels are kept between runs, as a user's own cache is; everything else is made anew. */
async function shareDownloads(home: string): Promise<void> {
  const { tools, wheels } = homeAt(home);
  const signal = new AbortController().signal;
  const shared = path.join(cacheFolder(), 'wheels');
  await mkdir(shared, { recursive: true });
  await symlink(shared, wheels, 'junction');
  const name = `uv-${uvRelease.version}`;
  const downloaded = await cached('contract-uv', name, async (folder) => {
    await findUv(folder, await findInterpreters(folder, signal), signal);
  });
  await mkdir(tools, { recursive: true });
  if (existsSync(path.join(downloaded, name)))
    await symlink(path.join(downloaded, name), path.join(tools, name), 'junction');
}

/** What is left in the temporary folder is ours, so that a test can see it. */
function useTemporaryFolder(folder: string): () => void {
  const names = process.platform === 'win32' ? ['TEMP', 'TMP'] : ['TMPDIR'];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = folder;
  return () => {
    names.forEach((name, index) => {
      const value = before[index];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    });
  };
}

/** Names in a folder, sorted; none when it is absent. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
