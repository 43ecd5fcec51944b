import { readFile, writeFile } from 'node:fs/promises';

/** A code cell: its source, or its id and source, and tags. */
export type CellSource = string | { readonly id: string; readonly source: string; readonly tags?: readonly string[] };

interface Notebook {
  readonly cells: { readonly id: string; source: string | readonly string[] }[];
}

/** The JSON of a notebook with these code cells, as Jupyter saves it. Cells without an id are named `cell-1` and so on. */
export function notebookOf(...cells: readonly CellSource[]): string {
  const written = cells.map((cell, index) => {
    const { id, source, tags } =
      typeof cell === 'string' ? { id: `cell-${String(index + 1)}`, source: cell, tags: undefined } : cell;
    const metadata = tags === undefined ? {} : { tags };
    return { cell_type: 'code', execution_count: null, id, metadata, outputs: [], source: source.split(/(?<=\n)/) };
  });
  const kernel = {
    kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
    language_info: { name: 'python' },
  };
  return JSON.stringify({ cells: written, metadata: kernel, nbformat: 4, nbformat_minor: 5 }, undefined, 1);
}

/** Replaces a text in one cell of a notebook, as a user's edit does. @throws Error when the cell does not contain it */
export async function editCell(file: string, id: string, from: string, to: string): Promise<void> {
  const notebook = JSON.parse(await readFile(file, 'utf8')) as Notebook;
  const cell = notebook.cells.find((one) => one.id === id);
  const source = typeof cell?.source === 'string' ? cell.source : (cell?.source.join('') ?? '');
  if (cell === undefined || !source.includes(from))
    throw new Error(`The cell ${id} of ${file} does not contain ${from}.`);
  cell.source = source.replace(from, () => to);
  await writeFile(file, JSON.stringify(notebook, undefined, 1));
}
