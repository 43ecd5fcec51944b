import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { resolveLock } from '../../../src/clients/python/lock';
import type { Uv } from '../../../src/clients/python/uv';
import { inspectProject } from '../../../src/project/inspectProject';
import { planFiles } from '../../../src/project/planFiles';
import { notebook, signal, temporaryFolder, tools } from './fixtures';

const base = temporaryFolder(after);
const password = 'pl4nted-passw0rd';
const address = `git+https://someone:${password}@git.example.org/team/helper.git`;
const requirement = `helper @ ${address}@v1`;
const served = 'def predict(x):\n    return x';

/** A project for each place where a requirement can stand, and the file that must stay behind. */
const places: Readonly<Record<string, { readonly files: Readonly<Record<string, string>>; readonly behind?: string }>> =
  {
    'pyproject.toml': {
      files: { 'pyproject.toml': `[project]\nname = "x"\ndependencies = ["${requirement}"]\n` },
      behind: 'pyproject.toml',
    },
    Poetry: {
      files: { 'pyproject.toml': `[tool.poetry.dependencies]\nhelper = { git = "${address.slice(4)}", tag = "v1" }\n` },
      behind: 'pyproject.toml',
    },
    'requirements.txt': { files: { 'requirements.txt': `${requirement}\n` }, behind: 'requirements.txt' },
    Pipfile: { files: { Pipfile: `[packages]\nhelper = { git = "${address.slice(4)}" }\n` }, behind: 'Pipfile' },
    'Pipfile.lock': {
      files: { 'Pipfile.lock': JSON.stringify({ default: { helper: { git: address.slice(4), ref: 'v1' } } }) },
      behind: 'Pipfile.lock',
    },
    'environment.yml': {
      files: { 'environment.yml': `dependencies:\n  - python=3.11\n  - pip:\n    - ${requirement}\n` },
      behind: 'environment.yml',
    },
    'slipway.yaml': { files: { 'slipway.yaml': `requirements: ["${requirement}"]\n` }, behind: 'slipway.yaml' },
    'an install magic': {
      files: { 'a.ipynb': notebook(`%pip install "${requirement}"\n!pip install ${address}`, served) },
    },
    'uv.lock': {
      files: {
        'uv.lock': `version = 1\n[[package]]\nname = "helper"\nversion = "1"\nsource = { git = "${address.slice(4)}?rev=v1#abc" }\n`,
      },
      behind: 'uv.lock',
    },
    'pylock.toml': {
      files: {
        'pylock.toml': `lock-version = "1.0"\n[[packages]]\nname = "helper"\narchive = { url = "https://u:${password}@h/x.zip" }\n`,
      },
      behind: 'pylock.toml',
    },
  };

function project(name: string, files: Readonly<Record<string, string>>): string {
  const root = path.join(base, name.replaceAll(/\W/g, '-'));
  mkdirSync(root);
  for (const [file, text] of Object.entries({ 'a.ipynb': notebook(served), ...files }))
    writeFileSync(path.join(root, file), text);
  return root;
}

describe('a password in the address of a package', () => {
  for (const [place, { files, behind }] of Object.entries(places)) {
    it(`of ${place} is in nothing that inspection tells, and the file stays behind`, async () => {
      const root = project(place, files);
      const inspection = await inspectProject(root, { tools }, signal);
      assert.equal(JSON.stringify(inspection).includes(password), false, JSON.stringify(inspection));
      if (!/uv\.lock|pylock|magic/.test(place))
        assert.match(JSON.stringify(inspection.project.dependencies), /helper.*@ git\+https:\/\/git\.example\.org\//);
      const told = inspection.findings.map((one) => one.code);
      const expected = ['CredentialsLeftOut', 'RequirementFromRepository', 'PipMagicUnreadable'];
      assert.ok(
        told.some((code) => expected.includes(code)),
        told.join(),
      );
      const plan = await planFiles(inspection.project, signal);
      if (behind !== undefined)
        assert.match(plan.leftOut.find((one) => one.path === behind)?.reason ?? '', /names a password/);
    });
  }

  it('of a lock that uv exports is not in ours', async () => {
    const uv: Uv = {
      interpreters: [],
      version: '0',
      indexes: () => Promise.resolve({ main: undefined, extra: [] }),
      run: () => Promise.resolve({ exitCode: 0, stdout: `# via\n${requirement}\n`, stderr: '' }),
    };
    const folder = path.join(base, 'locks');
    const root = project('exported', { 'uv.lock': 'version = 1\n' });
    const request = {
      subject: 'x',
      source: { kind: 'uv.lock', folder: root },
      added: [],
      python: '3.11',
      interpreter: '/nowhere/python3.11',
      folder: root,
    } as const;
    const lock = await resolveLock(uv, folder, request, () => undefined, signal);
    assert.equal(lock.text.trim(), 'helper @ git+https://git.example.org/team/helper.git@v1');
    for (const file of await readdir(folder))
      assert.equal((await readFile(path.join(folder, file), 'utf8')).includes(password), false);
  });
});
