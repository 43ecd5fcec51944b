import path from 'node:path';
import type { Location } from '../../core/errors';
import type { ReleaseOrigin } from '../../pipeline/releaseOrigin';

/** A frame of a Python traceback in a text. */
export interface TracebackLink {
  /** Offsets of `file", line n` in the text; what is shown as the link. */
  readonly start: number;
  readonly end: number;
  readonly file: string;
  /** Id of the notebook cell; the file is then the notebook's name without its folder. */
  readonly cell: string | undefined;
  /** From 1. */
  readonly line: number;
}

const frame = /File "([^"\n]{1,1024})", line (\d{1,9})\b/g;
const mostLinks = 2000;

/** The newest frames in a text, in order. Time is linear in the text, whatever it holds. */
export function findTracebackLinks(text: string): readonly TracebackLink[] {
  const links: TracebackLink[] = [];
  for (const match of text.matchAll(frame)) {
    const [whole, file = '', line = ''] = match;
    if (Number(line) < 1) continue;
    links.push({
      start: match.index + 'File "'.length,
      end: match.index + whole.length,
      line: Number(line),
      ...splitCell(file),
    });
    if (links.length > 2 * mostLinks) links.splice(0, mostLinks);
  }
  return links.slice(-mostLinks);
}

/** `iris.ipynb#a1b2` is the name that the code of a notebook cell is compiled under. */
function splitCell(name: string): Pick<TracebackLink, 'file' | 'cell'> {
  const [, notebook, cell] = /^(.+\.ipynb)#([A-Za-z0-9_-]{1,64})$/.exec(name) ?? [];
  return { file: notebook ?? name, cell };
}

/**
 * Where a frame points on this machine: the cell of the release's notebook; the project's file for one in a bundle;
 * a file of the project as it is. Undefined for the user's packages, the server, and what no release explains.
 */
export function locateFrame(link: TracebackLink, origins: readonly ReleaseOrigin[]): Location | undefined {
  if (link.cell !== undefined) return cellLocation(link.file, link.cell, link.line, origins);
  for (const origin of origins) {
    const inBundle = relativeIn(path.join(origin.bundle, 'project'), link.file);
    if (inBundle !== undefined) return { file: path.join(origin.project, inBundle), line: link.line };
    if (relativeIn(origin.project, link.file) !== undefined)
      return { file: path.normalize(link.file), line: link.line };
  }
  return undefined;
}

function cellLocation(
  notebook: string,
  cell: string,
  line: number,
  origins: readonly ReleaseOrigin[],
): Location | undefined {
  const origin = origins.find(
    (one) => one.notebook !== null && path.posix.basename(one.notebook) === path.posix.basename(notebook),
  );
  if (origin?.notebook === undefined || origin.notebook === null) return undefined;
  return { file: path.join(origin.project, origin.notebook), cell, line };
}

function relativeIn(folder: string, file: string): string | undefined {
  if (!path.isAbsolute(file)) return undefined;
  const relative = path.relative(folder, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? undefined : relative;
}
