import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

// VS Code loads this file inside the extension host and calls run(). It is bundled beside the tests.

/** One test as it ended; the runner outside reads a list of these. */
export interface HostTestResult {
  readonly file: string;
  readonly title: string;
  readonly how: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}

/** What the runner outside reads; incomplete while the tests run. */
export interface HostResults {
  readonly isComplete: boolean;
  readonly ended: readonly HostTestResult[];
}

/** The variables that the runner outside sets. */
interface HostEnvironment {
  /** JSON list of the bundled test files. */
  readonly SLIPWAY_HOST_TESTS?: string;
  /** Where the results go, written after each test. */
  readonly SLIPWAY_HOST_RESULTS?: string;
}

/** Runs the test files with mocha. A failing test is a result, not an error: the runner outside counts. */
export async function run(): Promise<void> {
  const { SLIPWAY_HOST_TESTS: tests = '[]', SLIPWAY_HOST_RESULTS: results } = process.env as HostEnvironment;
  process.setSourceMapsEnabled(true);
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: 120_000, reporter: 'min' });
  for (const file of JSON.parse(tests) as string[]) mocha.addFile(file);
  const ended: HostTestResult[] = [];
  const record = (test: Mocha.Test, how: HostTestResult['how'], error?: Error): void => {
    const text = error === undefined ? {} : { error: error.stack ?? error.message };
    ended.push({ file: test.file ?? '', title: test.fullTitle(), how, ...text });
    if (results !== undefined) writeFileSync(results, JSON.stringify({ isComplete: false, ended }));
  };
  await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', (test) => {
      record(test, 'passed');
    });
    runner.on('pending', (test) => {
      record(test, 'skipped');
    });
    runner.on('fail', (test, error: Error) => {
      record(test, 'failed', error);
    });
  });
  if (results !== undefined) writeFileSync(results, JSON.stringify({ isComplete: true, ended }));
}
