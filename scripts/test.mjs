// npm test [-- SUITE…] [-- SUITE -- PART-OF-A-FILE-NAME…] [--verbose]
// Runs the suites of suites.mjs and ends with one line: N passed, N failed, N skipped.
import { closingLine, sum } from './reporter.mjs';
import { suites } from './suites.mjs';

const isCi = Boolean(process.env.CI) && process.env.CI !== 'false';

function parse(args) {
  const words = args.filter((word) => word !== '--verbose' && word !== '--');
  const isSuite = (word) => suites.some(({ name }) => name === word);
  const chosen = suites.filter(({ name }) => words.includes(name));
  return {
    verbose: args.includes('--verbose'),
    names: words.filter((word) => !isSuite(word)),
    chosen: chosen.length > 0 ? chosen : suites,
  };
}

const skipped = (name, reason) => {
  console.log(`  ${name} skipped: ${reason}`);
  return { passed: 0, failed: 0, skipped: 1 };
};

/** A suite that breaks is one failure more, not the end of the run. */
async function runSuite(suite, options) {
  const files = suite.files(options);
  const problem = suite.problem?.();
  if (files.length === 0) return options.names.length > 0 ? sum([]) : skipped(suite.name, 'it has no tests');
  if (problem !== undefined) return skipped(suite.name, problem);
  try {
    const env = (await suite.prepare?.()) ?? {};
    return await suite.run(files, options, env);
  } catch (error) {
    console.log(`  ${suite.name} broke: ${error.message}${error.cause ? `\n  ${error.cause.message}` : ''}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());

// What a developer has activated must not decide which versions the projects of the tests get.
for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) delete process.env[name];

const { chosen, names, verbose } = parse(process.argv.slice(2));
const counts = [];
for (const suite of chosen) {
  if (stop.signal.aborted) break;
  const started = Date.now();
  const result = await runSuite(suite, { names, verbose, signal: stop.signal });
  console.log(`${suite.name}: ${closingLine(result)} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  counts.push(result);
}
const total = sum(counts);
const hasRun = total.passed + total.failed + total.skipped > 0;
if (isCi && total.skipped > 0) console.log('On CI nothing may be skipped: this run failed.');
if (!hasRun) console.log(`No test file matches ${names.join(', ')}.`);
console.log(closingLine(total));
const isGood = hasRun && total.failed === 0 && !(isCi && total.skipped > 0);
process.exit(stop.signal.aborted ? 130 : isGood ? 0 : 1);
