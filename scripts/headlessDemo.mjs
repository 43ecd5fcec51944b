import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { endProcessesNaming, onExit } from '../test/testbed/cleanup.ts';
import { filesIn } from './runNodeTests.mjs';

const model = 'iris';

/**
 * Deploys the example with the command line into a home of its own, shows a prediction and the log, and removes it.
 * @throws {Error} when the prediction did not come from the notebook that was deployed
 */
export async function runHeadlessDemo(root, example) {
  const home = mkdtempSync(path.join(tmpdir(), 'slipway-demo-'));
  const clean = () => {
    endProcessesNaming(home);
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const forget = onExit(clean);
  const slipway = (...args) => run(root, [...args, '--home', home], { show: true });
  const slipwayJson = async (...args) =>
    (await run(root, [...args, '--home', home, '--json'], {}))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  try {
    await slipway('deploy', example, '--target', 'local', '--name', model, '--yes');
    const [{ predictions }] = await slipwayJson('predict', model, '--input', path.join(example, 'example.json'));
    console.log(`\nPrediction: ${JSON.stringify(predictions)}`);
    checkOrigin(home, path.join(example, 'iris.ipynb'), predictions);
    console.log('\nLog:');
    await slipway('logs', model);
    await slipway('remove', model);
    const left = endProcessesNaming(home);
    if (left.length > 0) throw new Error(`processes were left behind: ${left.join('; ')}`);
  } finally {
    clean();
    forget();
  }
}

/**
 * The release must name this notebook by its content, and the endpoint must have answered what the notebook itself
 * computed, in this run, for the same flowers: what its last cell shows.
 */
function checkOrigin(home, notebook, predictions) {
  const [release] = filesIn(path.join(home, 'models', model, 'releases'), '.json').map(readJson);
  const digest = createHash('sha256').update(readFileSync(notebook)).digest('hex');
  if (release?.notebook?.sha256.replace(/^sha256:/, '') !== digest)
    throw new Error(`the release does not name ${notebook} by its content`);
  const executed = filesIn(home, 'executed.ipynb').map(readJson);
  const computed = executed.map(lastOutput).find((text) => text !== undefined);
  if (computed === undefined) throw new Error('no executed notebook that shows a prediction was kept');
  // A list of plain words: Python writes it with single quotes.
  const expected = JSON.parse(computed.replaceAll("'", '"'));
  if (!isDeepStrictEqual(predictions, expected)) {
    throw new Error(
      `the endpoint answered ${JSON.stringify(predictions)}, the notebook computed ${JSON.stringify(expected)}`,
    );
  }
  console.log(`The notebook computed the same for these flowers. Release ${release.version}, ${release.digest}`);
}

/** What the last cell of a notebook showed: in the example, its own prediction. */
function lastOutput({ cells }) {
  const text = cells.at(-1)?.outputs?.find(({ data }) => data?.['text/plain'] !== undefined)?.data['text/plain'];
  return Array.isArray(text) ? text.join('') : text;
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

function run(root, args, { show }) {
  console.log(`\n$ slipway ${args.join(' ')}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), ...args], {
      stdio: ['ignore', show ? 'inherit' : 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`slipway ${args[0]} ended with ${code}${output ? `:\n${output}` : ''}`));
    });
  });
}
