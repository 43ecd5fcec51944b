import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePython } from '../../../src/build/choosePython';
import type { Interpreter } from '../../../src/clients/python/interpreters';

const installed = ['3.11.7', '3.8.18', '3.9.18', '3.13.0', '3.6.15'].map((version): Interpreter => {
  const minor = version.split('.').slice(0, 2).join('.');
  return { path: `/python/${version}`, version, minor, hasPip: true };
});

const choose = (required: Parameters<typeof choosePython>[0], lastChange?: string) =>
  choosePython(required, installed, lastChange).interpreter.version;

describe('choosePython', () => {
  it('takes the minor version that the project names', () => {
    assert.equal(choose({ version: '3.9', source: '.python-version' }), '3.9.18');
  });

  it('takes the first on PATH when the project names none or it fits a range', () => {
    assert.equal(choose({ source: 'nothing' }), '3.11.7');
    assert.equal(choose({ specifier: '>=3.9', source: 'pyproject.toml' }), '3.11.7');
    assert.equal(choose({ specifier: '>=3.12', source: 'pyproject.toml' }), '3.13.0');
    assert.equal(choose({ specifier: '>=3.9,<3.10', source: 'pyproject.toml' }), '3.9.18');
  });

  it('replaces the Python of notebook metadata by the nearest newer one and says so', () => {
    const choice = choosePython({ version: '3.10', source: 'notebook metadata', isTrace: true }, installed);
    assert.equal(choice.interpreter.version, '3.11.7');
    assert.equal(choice.finding?.code, 'PythonSubstituted');
    assert.equal(choose({ version: '3.6', source: 'notebook metadata', isTrace: true }), '3.8.18');
  });

  it('takes the Python that a notebook ran with from a range, or another one of the range', () => {
    const within = (version: string) =>
      ({ version, specifier: '>=3.9', source: 'notebook metadata', isTrace: true }) as const;
    assert.equal(choose(within('3.13')), '3.13.0');
    assert.equal(choose(within('3.10')), '3.11.7');
  });

  it('takes a Python of the time of a notebook that names none', () => {
    const nothing = { source: 'nothing' };
    assert.equal(choose(nothing, '2026-11-24'), '3.11.7');
    assert.equal(choose(nothing, '2021-06-01T12:00:00.000Z'), '3.9.18');
    assert.equal(choose(nothing, '2015-06-04'), '3.8.18');
    assert.match(choosePython(nothing, installed, '2015-06-04').why, /the oldest installed.*2015-06-04/);
  });

  it('refuses to replace what a person wrote down, and names what is installed', () => {
    assert.throws(
      () => choose({ version: '3.10', source: '.python-version' }),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, 'PythonNotFound');
        assert.match(error.message, /3\.10.*\.python-version.*3\.11\.7/);
        return true;
      },
    );
    assert.throws(() => choose({ specifier: '>=3.14', source: 'pyproject.toml' }), { code: 'PythonNotFound' });
  });
});
