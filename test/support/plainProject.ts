import { notebookOf, type CellSource } from './notebooks';

export const predictDouble: CellSource = {
  id: 'predict',
  source: 'def predict(x: list[float]) -> list[float]:\n    return [2 * value for value in x]',
};
/** Answers which version of tabulate it runs with. */
export const predictVersion: CellSource = {
  id: 'predict',
  source: 'import tabulate\n\ndef predict(x: list[float]) -> list[str]:\n    return [tabulate.__version__ for _ in x]',
};
export const exampleCell: CellSource = { id: 'example', source: 'sample_input = [1.0, 2.0]', tags: ['example'] };

/** A project without dependencies, quick to deploy: cells before its `predict`, which doubles numbers, and other files. */
export function plainProject(
  cells: readonly CellSource[] = [],
  files: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { 'requirements.txt': '', 'nb.ipynb': notebookOf(...cells, predictDouble, exampleCell), ...files };
}
