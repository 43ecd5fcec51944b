import path from 'node:path';
import { buildCli } from '../support/cli';
import { table } from './local/figures';
import { machine } from './local/machine';
import { uvTools } from './local/uv';
import { contenders, type Outcome } from './notebooks/contenders';
import { readSources, type Source } from './notebooks/sources';

// npm run bench -- notebooks FOLDER [NOTEBOOK…] [CONTENDER…]: which public notebooks run, by whom. FOLDER has a sub-folder
// for each, with the notebook, what lies beside it, and a source.json: {repository, path, commit, date}.

const [folder, ...words] = process.argv.slice(2).filter((word) => word !== '--' && word !== 'notebooks');
if (folder === undefined) {
  console.error('Name a folder with notebooks: npm run bench -- notebooks FOLDER');
  process.exitCode = 2;
} else {
  await measure(path.resolve(folder));
}

async function measure(root: string): Promise<void> {
  const names = words.filter((word) => word in contenders);
  const chosen = Object.entries(contenders).filter(([name]) => names.length === 0 || names.includes(name));
  const wanted = words.filter((word) => !(word in contenders));
  const sources = (await readSources(root)).filter((one) => wanted.length === 0 || wanted.includes(one.name));
  const uv = await uvTools(new AbortController().signal);
  await buildCli();
  console.log(machine());
  const rows: (readonly Outcome[])[] = [];
  for (const source of sources) {
    const outcomes: Outcome[] = [];
    for (const [name, run] of chosen) {
      const outcome = await run(source, uv);
      outcomes.push(outcome);
      const result = outcome.ran ? 'runs' : 'fails';
      console.log(`${source.name}: ${name} ${result} (${outcome.seconds.toFixed(0)} s): ${outcome.note}`);
    }
    rows.push(outcomes);
  }
  console.log(
    `\n${report(
      sources,
      chosen.map(([name]) => name),
      rows,
    )}`,
  );
}

function report(sources: readonly Source[], names: readonly string[], rows: readonly (readonly Outcome[])[]): string {
  const body = sources.map((source, index) => [
    source.name,
    source.date.slice(0, 10),
    ...(rows[index] ?? []).map((outcome) => (outcome.ran ? 'runs' : 'fails')),
  ]);
  const totals = names.map((_, index) => String(rows.filter((row) => row[index]?.ran === true).length));
  return table([['notebook', 'last change', ...names], ...body, [`of ${String(sources.length)}`, '', ...totals]]);
}
