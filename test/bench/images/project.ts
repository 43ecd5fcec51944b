import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The project that every contender builds: an app that trains when it starts, so that nobody trains while building. */
export interface BenchProject {
  readonly folder: string;
  /** Changes one line of code. */
  edit(): Promise<void>;
  /** Adds a small package that was not asked for before. */
  addDependency(): Promise<void>;
  /** As it was in the beginning, but for the code. */
  reset(): Promise<void>;
}

const requirements = ['scikit-learn', 'pandas', 'matplotlib', 'joblib', 'flask'];
const additions = ['tabulate', 'humanize', 'toolz', 'cachetools', 'more-itertools', 'colorama', 'pyphen', 'zipp'];

const app = `import joblib
import matplotlib
import pandas
from flask import Flask, jsonify, request
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

edition = 0
measures, species = load_iris(return_X_y=True, as_frame=True)
model = LogisticRegression(max_iter=200).fit(measures, species)
app = Flask(__name__)


@app.post("/predict")
def predict():
    rows = pandas.DataFrame(request.get_json(), columns=measures.columns)
    return jsonify(edition=edition, predictions=model.predict(rows).tolist())
`;

export async function makeProject(root: string): Promise<BenchProject> {
  const folder = path.join(root, 'flowers');
  const code = path.join(folder, 'app.py');
  const listed = path.join(folder, 'requirements.txt');
  let edition = 0;
  let added = 0;
  const list = (names: readonly string[]): Promise<void> => writeFile(listed, `${names.join('\n')}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'slipway.yaml'), 'name: flowers\nentry: app.py:app\npython: "3.11"\n');
  await writeFile(code, app);
  await list(requirements);
  return {
    folder,
    edit: async () => {
      edition += 1;
      const before = await readFile(code, 'utf8');
      await writeFile(code, before.replace(/^edition = .*$/m, `edition = ${String(edition)}`));
    },
    addDependency: async () => {
      const name = additions[added % additions.length] ?? '';
      added += 1;
      await list([...requirements, name]);
    },
    reset: () => list(requirements),
  };
}

/** What a container must answer for the first flower. */
export const question = JSON.stringify([[5.1, 3.5, 1.4, 0.2]]);
export const answer = [0];
