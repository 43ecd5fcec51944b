import { readNotebook } from './readNotebook';

/** Sources of a notebook's code cells in order: what training depends on. @throws UserError as readNotebook does */
export async function codeCells(file: string, signal: AbortSignal): Promise<readonly string[]> {
  const notebook = await readNotebook(file, signal);
  return notebook.cells.filter((cell) => cell.type === 'code').map((cell) => cell.source);
}
