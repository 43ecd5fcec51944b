import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { datedOptions, dayOptions, wheelOptions } from '../../../src/clients/python/oldPackages';
import { temporaryFolder } from '../project/fixtures';

/** The day up to which a package is taken. */
function dayOf(name: string, options: readonly string[]): string | undefined {
  return options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

describe('options of uv as of a day', () => {
  const folder = temporaryFolder(after);

  it('takes build tools that the solver and the Python can use', () => {
    assert.equal(dayOf('setuptools', dayOptions('2018-07-27', '3.7')), '2021-09-01');
    assert.equal(dayOf('setuptools', dayOptions('2018-07-27', '3.12')), '2024-04-02');
    assert.equal(dayOf('setuptools', dayOptions('2025-01-01', '3.12')), '2025-01-01');
  });

  it('takes a kernel that can be started, where that of the day cannot', () => {
    assert.equal(dayOf('ipykernel', dayOptions('2018-07-27', '3.7')), '2023-06-30');
    assert.equal(dayOf('ipykernel', dayOptions('2024-01-01', '3.9')), undefined);
  });

  it('replaces metadata of pandas that cannot be read', async () => {
    const options = await datedOptions('2018-07-27', '3.7', folder);
    const settings = await readFile(path.join(options.at(-1) ?? '', 'uv.toml'), 'utf8');
    assert.match(settings, /name = "pandas"\nversion = "0\.24\.2"/);
    assert.ok(!(await datedOptions('2020-07-27', '3.7', folder)).includes('--project'));
  });

  it('keeps compiled packages from being built', () => {
    assert.ok(wheelOptions().join(' ').includes('--only-binary scikit-learn'));
  });
});
