import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openWorkspace, repository } from '../../support/workspace';
import { deployOnce, type DeployFigures } from './deployOnce';
import { median, seconds, table } from './figures';
import { plainEnvironment } from './machine';

const rounds = 5;

/** Deploys of a project that was deployed before: as it is, and after an edit to a code cell. */
export async function warmDeploys(): Promise<string> {
  const workspace = await openWorkspace({ target: 'local' });
  try {
    const project = await workspace.copyProject(path.join(repository, 'examples/iris'));
    const deploy = (): Promise<DeployFigures> => deployOnce(project, workspace.home, plainEnvironment());
    await deploy();
    const unchanged: DeployFigures[] = [];
    const edited: DeployFigures[] = [];
    for (let round = 0; round < rounds; round++) {
      unchanged.push(expectUnchanged(await deploy(), true));
      await editCell(path.join(project, 'iris.ipynb'), round);
      edited.push(expectUnchanged(await deploy(), false));
    }
    return report(unchanged, edited);
  } finally {
    await workspace.close();
  }
}

function expectUnchanged(figures: DeployFigures, expected: boolean): DeployFigures {
  if (figures.unchanged === expected) return figures;
  throw new Error(
    expected
      ? 'An unchanged project was deployed anew. Did resources/runtime change meanwhile?'
      : 'An edited project counted as unchanged.',
  );
}

/** Changes a number in the cell that trains: other code, the same amount of work. */
async function editCell(notebook: string, round: number): Promise<void> {
  const before = await readFile(notebook, 'utf8');
  const after = before.replace(/max_iter=\d+/, `max_iter=${201 + round}`);
  if (after === before) throw new Error('The notebook has no cell to edit.');
  await writeFile(notebook, after);
}

function report(unchanged: readonly DeployFigures[], edited: readonly DeployFigures[]): string {
  const over = (one: DeployFigures): number => one.ms - one.notebookMs;
  const rows = [
    ['Deploy', 'median', 'slowest', 'goal', 'where the time goes (medians)'],
    ['unchanged project', ...spread(unchanged.map((one) => one.ms)), '<= 1.5 s', stepsText(unchanged)],
    ['after an edit, without the cells’ own time', ...spread(edited.map(over)), '<= 3 s', stepsText(edited)],
    ['after an edit, the cells’ own time', ...spread(edited.map((one) => one.notebookMs)), '', ''],
  ];
  return table(rows);
}

function spread(values: readonly number[]): readonly string[] {
  return [seconds(median(values)), seconds(Math.max(...values))];
}

function stepsText(runs: readonly DeployFigures[]): string {
  const names = Object.keys(runs[0]?.steps ?? {});
  const text = names.map((name) => `${name} ${seconds(median(runs.map((run) => run.steps[name] ?? 0)))}`);
  const rest = median(runs.map((run) => run.ms - Object.values(run.steps).reduce((sum, one) => sum + one, 0)));
  return [...text, `start and request ${seconds(rest)}`].join(', ');
}
