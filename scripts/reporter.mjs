import path from 'node:path';

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/** The last line of every test run: `N passed, N failed, N skipped`. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Adds counts up. */
export function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const one of counts) for (const key of Object.keys(total)) total[key] += one[key];
  return total;
}

/** How a test ended; undefined for a `describe` whose only fault is a failing test, which counts by itself. */
function outcome(type, data) {
  const isSuite = data.details.type === 'suite';
  if (isSuite && (type === 'test:pass' || data.details.error?.failureType === 'subtestsFailed')) return undefined;
  if (isSet(data.skip) || isSet(data.todo)) return 'skipped';
  if (type === 'test:fail') return 'failed';
  // A file that registers no test is reported as one passing test that bears the file's name.
  return isFileItself(data) ? 'failed' : 'passed';
}

const isSet = (mark) => mark !== undefined && mark !== false;
const isFileItself = ({ name, file, nesting }) =>
  nesting === 0 && file !== undefined && path.resolve(name) === path.resolve(file);

function describeFailure(data) {
  const error = data.details.error;
  if (error === undefined) return 'The file registers no test.';
  const cause = error.cause ?? error;
  return String(typeof cause === 'object' && cause !== null ? (cause.stack ?? cause.message) : cause);
}

const indent = (text) => text.trimEnd().replaceAll(/^/gm, '      ');

/** Prints one line a file, and below it what did not pass. */
class FileReport {
  counts = { passed: 0, failed: 0, skipped: 0 };
  details = [];
  output = [];
  ms = 0;

  add(type, data, verbose) {
    if (data.nesting === 0) this.ms += data.details.duration_ms;
    const how = outcome(type, data);
    if (how === undefined) return;
    this.counts[how] += 1;
    if (how === 'failed') this.details.push(`    failed: ${data.name}`, indent(describeFailure(data)));
    else if (how === 'skipped') this.details.push(`    skipped: ${data.name}${this.reason(data)}`);
    else if (verbose) this.details.push(`    passed: ${data.name}`);
  }

  reason({ skip, todo }) {
    const why = [skip, todo].find((one) => typeof one === 'string' && one !== '');
    return why === undefined ? '' : ` (${why})`;
  }

  lines(name, verbose) {
    const title = `  ${name}: ${closingLine(this.counts)} (${(this.ms / 1000).toFixed(1)} s)`;
    const output = this.output.length > 0 && (verbose || this.counts.failed > 0) ? [indent(this.output.join(''))] : [];
    return [title, ...this.details, ...output];
  }
}

/**
 * Prints the events of a `node:test` run.
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @param {{ root: string, verbose?: boolean, print: (line: string) => void }} options
 * @returns {Promise<Counts>}
 */
export async function report(events, { root, verbose = false, print }) {
  const files = new Map();
  const reportOf = (file) => {
    if (!files.has(file)) files.set(file, new FileReport());
    return files.get(file);
  };
  let current;
  const finish = (file) => {
    if (file === undefined) return;
    for (const line of reportOf(file).lines(path.relative(root, file), verbose)) print(line);
  };
  for await (const { type, data } of events) {
    const file = data?.file;
    if (type === 'test:stdout' || type === 'test:stderr') reportOf(file).output.push(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (file !== current) finish(current);
    current = file;
    reportOf(file).add(type, data, verbose);
  }
  finish(current);
  return sum([...files.values()].map(({ counts }) => counts));
}
