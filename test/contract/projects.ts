import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { editCell } from '../support/notebooks';
import { repository, type Workspace } from '../support/workspace';

/** A project with what is known of it from outside: every expected value was computed without Slipway. */
export interface ProjectCase {
  /** Folder below the repository; its last part is the model's name. */
  readonly folder: string;
  /** Where its packages come from, as the plan says it. */
  readonly dependencies: string;
  /** Predictions for the body in `example.json`. */
  readonly predictions: unknown;
  /** The only output tensor, where it differs from the predictions. */
  readonly tensors?: unknown;
  /** A line in the log that the model or its server writes while it is started and asked. */
  readonly logLine: RegExp;
  /** A line that the notebook prints while it is executed; absent where there is no notebook. */
  readonly printed?: RegExp;
  /** What a developer runs before deploying. */
  readonly prepare?: (folder: string, workspace: Workspace) => Promise<void>;
  /** A change by the user that makes another release. */
  readonly edit: (folder: string) => Promise<void>;
  /** Predictions for the same body afterwards. */
  readonly edited: unknown;
}

const affine = [
  [14, 26],
  [16, 28],
];
const colours = ['red', 'blue', 'yellow'];
const species = ['setosa', 'versicolor', 'virginica'];

export const projects: readonly ProjectCase[] = [
  {
    folder: 'examples/iris',
    dependencies: 'requirements.txt',
    predictions: species,
    logLine: /^Release 1 has taken over\.$/,
    printed: /accuracy on unseen flowers: 0\.9\d/,
    edit: inNotebook('iris.ipynb', 'predict', 'str(species[index])', 'f"iris {species[index]}"'),
    edited: species.map((name) => `iris ${name}`),
  },
  {
    folder: 'examples/reviews',
    dependencies: 'requirements.txt',
    predictions: ['positive', 'negative', 'positive'],
    logLine: /^reading 3 reviews$/,
    printed: /accuracy on known reviews: 1\.00/,
    // A change in local code must be noticed like one in a cell.
    edit: inFile('lib/words.py', '"not", ', ''),
    edited: ['positive', 'negative', 'negative'],
  },
  {
    folder: 'examples/deliveries',
    dependencies: 'uv.lock',
    predictions: [
      { minutes: 29, long: false },
      { minutes: 63, long: true },
    ],
    logLine: /^Release 1 has taken over\.$/,
    printed: /140 deliveries in 28 days/,
    // The lock names the index of the machine that makes it, so it is made here and not kept in the repository.
    prepare: async (folder, workspace) => {
      const uv = await workspace.services.uv(workspace.signal);
      await uv.run(['lock', '--directory', folder], { subject: 'deliveries' }, workspace.signal);
    },
    edit: inNotebook('deliveries.ipynb', 'predict', 'minutes > 45', 'minutes > 90'),
    edited: [
      { minutes: 29, long: false },
      { minutes: 63, long: false },
    ],
  },
  {
    folder: 'test/fixtures/projects/colours',
    dependencies: 'inferred from imports',
    predictions: colours,
    logLine: /^Release 1 has taken over\.$/,
    edit: inNotebook('colours.ipynb', 'predict', 'str(name)', 'str(name).upper()'),
    edited: colours.map((name) => name.toUpperCase()),
  },
  {
    folder: 'test/fixtures/projects/wine',
    dependencies: 'environment.yml',
    predictions: [0, 1, 2],
    logLine: /^Release 1 has taken over\.$/,
    edit: inNotebook('wine.ipynb', 'predict', 'model.predict(X)', 'model.predict(X) + 10'),
    edited: [10, 11, 12],
  },
  {
    folder: 'test/fixtures/projects/magics',
    dependencies: 'inferred from imports',
    predictions: ['8,000: missed', '12,345: reached'],
    logLine: /^Release 1 has taken over\.$/,
    printed: /data files: steps\.csv/,
    edit: inNotebook('magics.ipynb', 'predict', "'missed'", "'almost'"),
    edited: ['8,000: almost', '12,345: reached'],
  },
  {
    folder: 'test/fixtures/projects/joblib-model',
    dependencies: 'requirements.txt',
    predictions: [29, 48],
    logLine: /^Release 1 has taken over\.$/,
    edit: withSettings({ MODE: 'second' }),
    edited: [29, 48],
  },
  {
    folder: 'test/fixtures/projects/onnx-model',
    dependencies: 'requirements.txt',
    predictions: { y: affine },
    tensors: affine,
    logLine: /^Release 1 has taken over\.$/,
    edit: withSettings({ MODE: 'second' }),
    edited: { y: affine },
  },
];

export function nameOf(project: ProjectCase): string {
  return path.basename(project.folder);
}

/** The `/invocations` body that a project brings. */
export async function exampleOf(project: ProjectCase): Promise<unknown> {
  return JSON.parse(await readFile(path.join(repository, project.folder, 'example.json'), 'utf8')) as unknown;
}

function inNotebook(file: string, cell: string, from: string, to: string): ProjectCase['edit'] {
  return (folder) => editCell(path.join(folder, file), cell, from, to);
}

function inFile(file: string, from: string, to: string): ProjectCase['edit'] {
  return async (folder) => {
    const text = await readFile(path.join(folder, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not contain ${from}.`);
    await writeFile(
      path.join(folder, file),
      text.replace(from, () => to),
    );
  };
}

/** Where there is no code to edit, the settings of the release change. */
function withSettings(env: Readonly<Record<string, string>>): ProjectCase['edit'] {
  return async (folder) => {
    await rm(path.join(folder, 'slipway.yaml'), { force: true });
    await writeFile(path.join(folder, 'slipway.yaml'), `env: ${JSON.stringify(env)}\n`);
  };
}
