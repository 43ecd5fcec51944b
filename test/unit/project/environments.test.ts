import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'node:test';
import type { Inspection } from '../../../src/core/project';
import { inspectProject } from '../../../src/project/inspectProject';
import { environmentAt } from '../../../src/project/pythonEnvironment';
import { notebook, signal, temporaryFolder, tools } from './fixtures';

const root = temporaryFolder(after);
const isWindows = process.platform === 'win32';

/** What is installed: a module's name, its version, and where it came from when that was no index. */
interface Package {
  readonly version: string;
  readonly modules?: readonly string[];
  readonly direct?: object;
}

function folder(): string {
  return mkdtempSync(path.join(root, 'p-'));
}

function write(base: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(base, name)), { recursive: true });
    writeFileSync(path.join(base, name), content);
  }
  return base;
}

function sitePackages(minor: string): string {
  return isWindows ? 'Lib/site-packages' : `lib/python${minor}/site-packages`;
}

function metadata(packages: Readonly<Record<string, Package>>): Readonly<Record<string, string>> {
  const files = Object.entries(packages).flatMap(([name, { version, modules = [name], direct }]) => {
    const info = `${name.replaceAll('-', '_')}-${version}.dist-info`;
    return [
      [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`],
      [`${info}/RECORD`, modules.map((module) => `${module}/__init__.py,,\n`).join('')],
      ...(direct === undefined ? [] : [[`${info}/direct_url.json`, JSON.stringify(direct)]]),
    ];
  });
  return Object.fromEntries(files) as Readonly<Record<string, string>>;
}

/** A virtual environment, as its files tell. */
function virtual(base: string, minor: string, packages: Readonly<Record<string, Package>>): string {
  write(base, { 'pyvenv.cfg': `home = /nowhere/bin\nversion = ${minor}.9\ninclude-system-site-packages = false\n` });
  write(path.join(base, sitePackages(minor)), metadata(packages));
  return base;
}

const usual = {
  numpy: { version: '1.26.4' },
  'scikit-learn': { version: '1.3.2', modules: ['sklearn'] },
  torch: { version: '2.1.0+cu121' },
  pip: { version: '23.2' },
};
const code = notebook('import numpy\nimport sklearn', 'def predict(x):\n    return x');

function inspect(project: string, environments: readonly string[] = []): Promise<Inspection> {
  const options = { tools, environments: () => Promise.resolve(environments) };
  return inspectProject(project, options, signal);
}

describe('the environment of a project', () => {
  it('tells which packages the imports are of and pins all versions', async () => {
    const project = write(folder(), { 'a.ipynb': code });
    virtual(path.join(project, '.venv'), '3.11', usual);
    const { dependencies, python } = (await inspect(project)).project;
    assert.deepEqual(
      dependencies.requirements.map((one) => one.spec),
      ['numpy', 'scikit-learn'],
    );
    const pins = ['numpy==1.26.4', 'scikit-learn==1.3.2', 'torch==2.1.0'];
    assert.deepEqual(dependencies.environment, { name: '.venv', python: '3.11', pins });
    assert.equal(python.source, 'notebook metadata');
  });

  it('pins what a file of the project leaves open, and what a model file needs', async () => {
    const listed = write(folder(), { 'a.ipynb': code, 'requirements.txt': 'scikit-learn\nnumpy>=1.20\n' });
    virtual(path.join(listed, 'venv'), '3.11', usual);
    assert.equal((await inspect(listed)).project.dependencies.environment?.name, 'venv');
    write(listed, { 'requirements.txt': 'scikit-learn\nnumpy==1.25.0\n' });
    assert.deepEqual((await inspect(listed)).project.dependencies.environment?.pins, [
      'scikit-learn==1.3.2',
      'torch==2.1.0',
    ]);
    const app = write(folder(), { 'app.py': 'from flask import Flask\napp = Flask(__name__)\n' });
    virtual(path.join(app, 'env'), '3.12', { flask: { version: '3.0.0' } });
    const { project } = await inspect(app);
    assert.deepEqual(project.dependencies.environment?.pins, ['flask==3.0.0']);
    assert.deepEqual(project.python, { version: '3.12', source: 'environment env', isTrace: true });
  });

  it('is not that of another Python, nor one that has little of what the code needs', async () => {
    const project = write(folder(), { 'a.ipynb': code });
    virtual(path.join(project, '.venv'), '3.9', usual);
    virtual(path.join(project, 'venv'), '3.11', { requests: { version: '2.31.0' } });
    assert.equal((await inspect(project)).project.dependencies.environment, undefined);
    write(project, { '.python-version': '3.9\n' });
    assert.equal((await inspect(project)).project.dependencies.environment?.name, '.venv');
  });

  it('is the one that is chosen before the one that lies in the project, and none where a lock or a date decides', async () => {
    const project = write(folder(), { 'a.ipynb': code });
    virtual(path.join(project, '.venv'), '3.11', usual);
    const chosen = virtual(folder(), '3.11', { ...usual, numpy: { version: '2.0.1' } });
    const missing = path.join(root, 'missing');
    const { environment } = (await inspect(project, [missing, chosen])).project.dependencies;
    assert.equal(environment?.name, chosen);
    assert.equal(environment.pins[0], 'numpy==2.0.1');
    for (const file of [
      { 'slipway.yaml': 'asOf: 2024-01-01\n' },
      { 'uv.lock': 'version = 1\nrequires-python = ">=3.11"\n' },
    ]) {
      const decided = write(folder(), { 'a.ipynb': code, ...file });
      assert.equal((await inspect(decided, [chosen])).project.dependencies.environment, undefined);
    }
  });

  it('gives packages of a repository by their commit, and refuses what a folder of this machine holds', async () => {
    const library = folder();
    const project = write(folder(), { 'a.ipynb': notebook('import numpy\nimport helper\nimport mine') });
    virtual(path.join(project, '.venv'), '3.11', {
      ...usual,
      helper: {
        version: '0.1',
        direct: { url: 'https://example.org/helper.git', vcs_info: { vcs: 'git', commit_id: 'abc123' } },
      },
      // Edited where it lies: its files are not in the record.
      mine: { version: '0.2', modules: [], direct: { url: pathToFileURL(library).href, dir_info: { editable: true } } },
    });
    const { project: found, findings } = await inspect(project);
    assert.deepEqual(
      found.dependencies.requirements.map((one) => one.spec),
      ['helper @ git+https://example.org/helper.git@abc123', 'numpy'],
    );
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'error').map((one) => [one.code, one.location?.line]),
      [['PackageFromFolder', 3]],
    );
    assert.ok(findings.some((one) => one.code === 'RequirementFromRepository'));
    assert.doesNotMatch(found.dependencies.environment?.pins.join() ?? '', /helper|mine/);
    // Also where nothing else is imported.
    write(project, { 'a.ipynb': notebook('import mine') });
    assert.ok((await inspect(project)).findings.some((one) => one.code === 'PackageFromFolder'));
  });

  it('takes what conda built for a package of the index', async () => {
    const project = write(folder(), { 'a.ipynb': code });
    const conda = path.join(project, '.conda');
    write(conda, { 'conda-meta/python-3.11.7-h955ad1f_0.json': '{}' });
    const direct = { url: 'file:///home/conda/feedstock_root/build_artifacts/numpy_170/work/dist', dir_info: {} };
    write(path.join(conda, sitePackages('3.11')), metadata({ ...usual, numpy: { version: '1.26.4', direct } }));
    const { dependencies } = (await inspect(project)).project;
    assert.equal(dependencies.environment?.pins[0], 'numpy==1.26.4');
  });

  it('lets no metadata write options or further lines into requirements', async () => {
    const project = write(folder(), { 'a.ipynb': notebook('import numpy\nimport evil\nimport worse') });
    const venv = virtual(path.join(project, '.venv'), '3.11', usual);
    const site = path.join(venv, sitePackages('3.11'));
    write(site, {
      'evil-1.0.dist-info/METADATA': 'Name: --index-url=http://evil.invalid\n',
      'evil-1.0.dist-info/RECORD': 'evil/__init__.py,,\n',
      'worse-1.0.dist-info/METADATA': 'Name: worse\n',
      'worse-1.0.dist-info/RECORD': 'worse/__init__.py,,\n',
      'worse-1.0.dist-info/direct_url.json': JSON.stringify({ url: 'https://a\n--index-url http://evil.invalid' }),
      'bad name-1.0.dist-info/METADATA': 'Name: x\n',
      'late-1.0; x.dist-info/METADATA': 'Name: late\n',
    });
    const { dependencies } = (await inspect(project)).project;
    assert.deepEqual(
      dependencies.requirements.map((one) => one.spec),
      ['evil', 'numpy', 'worse'],
    );
    for (const pin of dependencies.environment?.pins ?? []) assert.match(pin, /^[a-z0-9][a-z0-9-]*==\d[\w.!]*$/);
  });
});

describe('an environment', () => {
  it('is found by its Python, too', { skip: isWindows }, async () => {
    const venv = virtual(folder(), '3.11', {});
    write(venv, { 'bin/python': '' });
    assert.deepEqual(await environmentAt(path.join(venv, 'bin/python')), {
      folder: venv,
      minor: '3.11',
      packages: [path.join(venv, sitePackages('3.11'))],
    });
  });

  it('sees the packages of its base where it was told so', { skip: isWindows }, async () => {
    const base = write(folder(), { 'bin/python3.10': '' });
    const settings = [
      '',
      `home = ${base}/bin`,
      'version_info = 3.10.2.final.0',
      'include-system-site-packages = true',
      '',
    ];
    const venv = write(folder(), { 'pyvenv.cfg': settings.join('\n') });
    const found = await environmentAt(venv);
    assert.equal(found?.packages[0], path.join(venv, sitePackages('3.10')));
    assert.ok(found.packages.includes(path.join(base, sitePackages('3.10'))));
    symlinkSync('python3.10', path.join(base, 'bin/python'));
    const installed = await environmentAt(path.join(base, 'bin/python'));
    assert.deepEqual([installed?.folder, installed?.minor], [base, '3.10']);
  });

  it('is nothing that is no environment', async () => {
    const plain = write(folder(), { 'a.txt': '', 'broken/pyvenv.cfg': 'home = /usr/bin\n' });
    for (const place of [plain, path.join(plain, 'a.txt'), path.join(plain, 'broken'), path.join(plain, 'missing')])
      assert.equal(await environmentAt(place), undefined, place);
  });
});
