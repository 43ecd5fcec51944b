import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { notebookOf, type CellSource } from '../../../support/notebooks';

/** An edit to a cell that trains, or to one that defines how predictions are answered. */
export type Edit = 'train' | 'predict';

export const notebook = 'flowers.ipynb';

const cells: readonly CellSource[] = [
  {
    id: 'imports',
    source: `import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler`,
  },
  {
    id: 'train',
    source: `edition = 0
iris = load_iris(as_frame=True)
X = iris.data.rename(columns=lambda name: name.removesuffix(" (cm)").replace(" ", "_"))
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200 + edition))
model.fit(X, iris.target)
species = [str(name) for name in iris.target_names]`,
  },
  {
    id: 'predict',
    source: `def predict(X: pd.DataFrame) -> list[str]:
    wording = 0
    return [f"{species[index]}-{edition}.{wording}" for index in model.predict(X)]`,
  },
  { id: 'example', source: 'sample_input = X.iloc[[0, 60, 120]]', tags: ['example'] },
];
const save: CellSource = {
  id: 'save',
  source: 'import joblib\njoblib.dump((model, species, edition), "model.joblib")',
};

const packages = ['scikit-learn', 'pandas'];
const serverPackages = ['joblib', 'fastapi', 'uvicorn'];

/** The project as Slipway deploys it. @returns its folder */
export async function writeOurs(root: string): Promise<string> {
  const folder = path.join(root, 'flowers');
  await mkdir(folder, { recursive: true });
  await write(folder, packages, cells);
  return folder;
}

/** The same with what a person adds who deploys it without: a cell that saves the model, a server and a Dockerfile. */
export async function writeByHand(root: string, name: string): Promise<string> {
  const folder = path.join(root, name);
  await cp(path.join(import.meta.dirname, 'byHand'), folder, { recursive: true });
  await write(folder, [...packages, ...serverPackages], [...cells, save]);
  return folder;
}

async function write(folder: string, requirements: readonly string[], all: readonly CellSource[]): Promise<void> {
  await writeFile(path.join(folder, notebook), notebookOf(...all));
  await writeFile(path.join(folder, 'requirements.txt'), `${requirements.join('\n')}\n`);
}

/** Changes a number. How to answer is said in the server where there is one. @throws Error when there is no such number */
export async function makeEdit(folder: string, edit: Edit, value: number): Promise<void> {
  const server = path.join(folder, 'server.py');
  const file = edit === 'predict' && existsSync(server) ? server : path.join(folder, notebook);
  const variable = edit === 'train' ? 'edition' : 'wording';
  const before = await readFile(file, 'utf8');
  const after = before.replace(new RegExp(`${variable} = \\d+`), `${variable} = ${String(value)}`);
  if (after === before) throw new Error(`${file} has nothing to edit.`);
  await writeFile(file, after);
}

/** What is asked, and what a release answers that was made after these edits. */
export const question = JSON.stringify({
  dataframe_split: {
    columns: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'],
    data: [[5.1, 3.5, 1.4, 0.2]],
  },
});
export const answerAfter = ({ train, predict }: Readonly<Record<Edit, number>>): string =>
  `setosa-${String(train)}.${String(predict)}`;
