import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainUvFailure, plainWords } from '../../../src/clients/python/uvFailure';

const cases: readonly (readonly [code: string, stderr: string, mentions: string])[] = [
  [
    'PackageUnknown',
    '  × No solution found when resolving dependencies:\n  ╰─▶ Because no-such-thing-xyz was not found in the package registry and you require\n      no-such-thing-xyz, we can conclude that your requirements are unsatisfiable.\n',
    'no-such-thing-xyz',
  ],
  [
    'DependenciesUnsolvable',
    '  × No solution found when resolving dependencies:\n  ╰─▶ Because pandas==2.0.0 depends on numpy>=1.21 and you require numpy==1.19, we can\n      conclude that your requirements are unsatisfiable.\n',
    'pandas==2.0.0 depends on numpy>=1.21',
  ],
  [
    'DependenciesUnsolvable',
    'warning: A managed Python download is available, but an error occurred: Failed to fetch: `https://x/`\n  × No solution found when resolving dependencies:\n  ╰─▶ Because only setuptools<=18.7 is available, your requirements are unsatisfiable.\n',
    'setuptools<=18.7',
  ],
  [
    'IndexUnreachable',
    'error: Request failed after 3 retries\n  Caused by: Failed to fetch: `http://127.0.0.1:9/simple/pandas/`\n  Caused by: tcp connect error\n',
    'could not be reached',
  ],
  [
    'PackageBuildFailed',
    '  × Failed to build `pyodbc==4.0.0`\n  ├─▶ The build backend returned an error\n',
    'pyodbc==4.0.0',
  ],
  [
    'DiskFull',
    'error: Failed to write to the distribution cache\n  Caused by: No space left on device (os error 28)\n',
    'no space left',
  ],
  ['InstallFailed', 'error: something new\n', 'something new'],
];

describe('explainUvFailure', () => {
  for (const [code, stderr, mentions] of cases) {
    it(`tells ${code} from uv's words`, () => {
      const error = explainUvFailure(stderr, 'iris');
      assert.equal(error.code, code);
      assert.ok(error.message.includes(mentions), error.message);
      assert.ok(error.remedy !== undefined);
    });
  }

  it('shows no credentials of an index', () => {
    const error = explainUvFailure('error: Failed to fetch: `https://user:hunter2@packages.example/simple/`\n', 'iris');
    assert.ok(!JSON.stringify([error.message, error.details]).includes('hunter2'));
  });

  it('drops terminal escapes', () => {
    assert.equal(plainWords('\u001b[31merror\u001b[0m: no'), 'error: no');
  });
});
