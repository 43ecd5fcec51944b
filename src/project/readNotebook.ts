import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';

export interface NotebookCell {
  /** The nbformat id, else `cell-<index>` with the index over all cells from 0. */
  readonly id: string;
  readonly index: number;
  readonly type: string;
  readonly source: string;
  readonly tags: readonly string[];
  /** It was executed when the notebook was saved, and raised nothing. */
  readonly ran: boolean;
}

export interface Notebook {
  readonly nbformat: number;
  readonly cells: readonly NotebookCell[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a notebook of nbformat 2 to 4 without outputs; tolerant of what tools leave out.
 * @throws UserError NotebookUnreadable, NotANotebook, NotebookEmpty
 */
export async function readNotebook(file: string, signal: AbortSignal): Promise<Notebook> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file, { signal }));
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(file, cause instanceof TypeError ? 'it is not UTF-8 text' : describe(cause), undefined, cause);
  }
  return parseNotebook(file, text);
}

/** The same for text that an editor holds. @throws UserError NotebookUnreadable, NotANotebook, NotebookEmpty */
export function parseNotebook(file: string, text: string): Notebook {
  if (text.trim() === '') throw notebookEmpty(file);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'its JSON is broken', brokenLine(text, cause), cause);
  }
  if (!isRecord(data) || !(Array.isArray(data['cells']) || Array.isArray(data['worksheets']))) throw notANotebook(file);
  const cells = rawCells(data).map(toCell);
  if (!cells.some((cell) => cell.type === 'code' && cell.source.trim() !== '')) throw notebookEmpty(file);
  return { nbformat: typeof data['nbformat'] === 'number' ? data['nbformat'] : 4, cells };
}

export function unreadable(file: string, why: string, line?: number, cause?: unknown): UserError {
  const where = line === undefined ? '' : ` at line ${line}`;
  return new UserError('NotebookUnreadable', `${path.basename(file)} cannot be read: ${why}${where}.`, {
    cause,
    location: line === undefined ? { file } : { file, line },
    remedy: {
      kind: 'openFile',
      label: 'Open the file as text',
      location: line === undefined ? { file } : { file, line },
    },
  });
}

export function notANotebook(file: string): UserError {
  return new UserError('NotANotebook', `${path.basename(file)} is not a Jupyter notebook: it holds no cells.`, {
    location: { file },
    remedy: { kind: 'hint', label: 'Choose a file that Jupyter wrote (.ipynb), or a folder that holds one.' },
  });
}

export function notebookEmpty(file: string): UserError {
  return new UserError(
    'NotebookEmpty',
    `${path.basename(file)} holds no code, so there is nothing to run or to serve.`,
    {
      location: { file },
      remedy: { kind: 'openFile', label: 'Open the notebook', location: { file } },
    },
  );
}

function rawCells(data: Json): readonly unknown[] {
  if (Array.isArray(data['cells'])) return data['cells'];
  const sheets = Array.isArray(data['worksheets']) ? (data['worksheets'] as unknown[]) : [];
  return sheets.flatMap((sheet) =>
    isRecord(sheet) && Array.isArray(sheet['cells']) ? (sheet['cells'] as unknown[]) : [],
  );
}

function toCell(raw: unknown, index: number): NotebookCell {
  const cell = isRecord(raw) ? raw : {};
  const metadata = isRecord(cell['metadata']) ? cell['metadata'] : {};
  const tags = Array.isArray(metadata['tags']) ? (metadata['tags'] as unknown[]) : [];
  const id = cell['id'];
  return {
    id: typeof id === 'string' && id !== '' ? id : `cell-${index}`,
    index,
    type: typeof cell['cell_type'] === 'string' ? cell['cell_type'] : 'raw',
    // nbformat 3 calls the source of a code cell `input`.
    source: joined(cell['source'] ?? cell['input']).replaceAll(/\r\n?/g, '\n'),
    tags: tags.filter((tag) => typeof tag === 'string'),
    ran: ranWell(cell),
  };
}

function ranWell(cell: Json): boolean {
  const outputs = Array.isArray(cell['outputs']) ? (cell['outputs'] as unknown[]) : [];
  // nbformat 3 says `prompt_number`, and `pyerr` for an error.
  const count = cell['execution_count'] ?? cell['prompt_number'];
  const failed = outputs.some((one) => isRecord(one) && /^(?:error|pyerr)$/.test(String(one['output_type'])));
  return typeof count === 'number' && !failed;
}

function joined(value: unknown): string {
  if (Array.isArray(value)) return value.filter((part) => typeof part === 'string').join('');
  return typeof value === 'string' ? value : '';
}

/** The line of the error, from the offset that V8 puts in its message; the last line for a file that ends too early. */
function brokenLine(text: string, cause: unknown): number | undefined {
  const message = describe(cause);
  const line = /line (\d+)/.exec(message)?.[1];
  if (line !== undefined) return Number(line);
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined && !message.includes('end of JSON')) return undefined;
  return text.slice(0, position === undefined ? text.length : Number(position)).split('\n').length;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
