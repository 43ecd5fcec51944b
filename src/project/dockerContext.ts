import dockerignore from '@balena/dockerignore';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';
import type { Project } from '../core/project';
import { configFile, isMissing } from './config';
import { planFiles, type FilePlan, type PlannedFile } from './planFiles';

/** A user's Dockerfile with what it may copy. */
export interface DockerContext extends FilePlan {
  /** The Dockerfile's path, relative to the project. */
  readonly dockerfile: string;
  /** Its text. */
  readonly text: string;
  readonly port: number;
  readonly health: string;
}

/**
 * What a build of the project's Dockerfile is given: the files that neither the context guard nor `.dockerignore` keeps
 * back.
 * @throws UserError DockerfileIncomplete, DockerfileRefused
 */
export async function planDockerContext(
  project: Project,
  dockerfile: string,
  signal: AbortSignal,
): Promise<DockerContext> {
  const { port, health } = project.config;
  if (port === undefined || health === undefined) throw incomplete(project.root, dockerfile, port, health);
  const guarded = await planFiles(project, signal);
  const refused = guarded.leftOut.find((one) => one.path === dockerfile);
  if (refused !== undefined || !guarded.files.some((one) => one.path === dockerfile))
    throw dockerfileRefused(project.root, dockerfile, refused?.reason ?? 'it is no file of the project');
  const ignored = await ignoreRules(project.root, dockerfile);
  const stays = (file: PlannedFile): boolean => file.path !== dockerfile && ignored(file.path);
  return {
    dockerfile,
    text: await readFile(path.join(project.root, dockerfile), { encoding: 'utf8', signal }),
    port,
    health,
    files: guarded.files.filter((file) => !stays(file)),
    leftOut: [
      ...guarded.leftOut,
      ...guarded.files.filter(stays).map((file) => ({ path: file.path, reason: 'named in .dockerignore' })),
    ],
  };
}

/** Rules beside the Dockerfile go before those of the project. @see https://docs.docker.com/build/concepts/context/#dockerignore-files */
async function ignoreRules(root: string, dockerfile: string): Promise<(file: string) => boolean> {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    const text = await readFile(path.join(root, name), 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (text !== undefined) {
      // An editor's mark of the encoding is no part of the first rule.
      const rules = dockerignore({ ignorecase: false }).add(text.replace(/^\ufeff/, ''));
      return (file) => rules.ignores(file);
    }
  }
  return () => false;
}

/** Registry images that a Dockerfile starts from; names of its own stages and of variables are left out. */
export function baseImages(text: string): readonly string[] {
  const stages = new Set(['scratch']);
  const images: string[] = [];
  for (const [, image = '', stage] of text.matchAll(
    /^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?/gim,
  )) {
    if (!stages.has(image.toLowerCase()) && !image.includes('$')) images.push(image);
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return images;
}

/** The line, from 1, on which an instruction of a Dockerfile starts; undefined when it is not found. */
export function lineOfInstruction(text: string, instruction: string): number | undefined {
  const wanted = plain(instruction);
  let logical = '';
  let start = 1;
  for (const [index, line] of text.split('\n').entries()) {
    if (logical === '') start = index + 1;
    else if (/^\s*#/.test(line)) continue;
    const goesOn = /\\\s*$/.test(line);
    logical += ` ${line.replace(/\\\s*$/, '')}`;
    if (goesOn) continue;
    if (plain(logical) === wanted) return start;
    logical = '';
  }
  return undefined;
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function incomplete(root: string, dockerfile: string, port: number | undefined, health: string | undefined): UserError {
  const missing = [...(port === undefined ? ['port'] : []), ...(health === undefined ? ['health'] : [])];
  return new UserError(
    'DockerfileIncomplete',
    `The server that ${dockerfile} starts is known to nobody else: ${configFile} does not name its ${missing.join(' and its ')}.`,
    {
      location: { file: path.join(root, configFile) },
      remedy: {
        kind: 'hint',
        label: `Add ${missing.map((one) => examples[one]).join(' and ')} to ${configFile}, or name a notebook to build that instead.`,
      },
    },
  );
}

const examples: Readonly<Record<string, string>> = { port: 'port: 8000', health: 'health: /health' };

function dockerfileRefused(root: string, dockerfile: string, why: string): UserError {
  return new UserError('DockerfileRefused', `${dockerfile} cannot be built: ${why}.`, {
    location: { file: path.join(root, dockerfile) },
    remedy: { kind: 'hint', label: 'Keep the Dockerfile as an ordinary file in the folder of the project.' },
  });
}
