import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Inspection } from '../../../src/core/project';
import { inspectProject } from '../../../src/project/inspectProject';
import type { InspectTools } from '../../../src/project/tools';
import { failure } from '../../support/failure';
import { notebook, plantedKey, signal, temporaryFolder, tools } from './fixtures';

const base = temporaryFolder(after);
let count = 0;

function project(files: Readonly<Record<string, string>>, name = `p${(count += 1)}`): string {
  const root = path.join(base, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

const inspect = (root: string): Promise<Inspection> => inspectProject(root, { tools }, signal);
const codes = (inspection: Inspection): readonly string[] => inspection.findings.map((one) => one.code);
const served = 'def predict(x):\n    return x';

describe('inspectProject', () => {
  it('asks about an import that nothing maps', async () => {
    const result = await inspect(project({ 'a.ipynb': notebook('import frobnicate_nowhere', served) }));
    const finding = result.findings.find((one) => one.code === 'ImportUnmapped');
    assert.equal(finding?.severity, 'error');
    assert.match(finding.message, /frobnicate_nowhere/);
    assert.deepEqual(result.project.dependencies.requirements, []);
  });

  it('serves the app that slipway.yaml names, whatever makes it, and no other one in its place', async () => {
    const plain = 'async def serve(scope, receive, send):\n    pass\n';
    const files = { 'deep/er/down/here/own.py': plain, 'app.py': 'from flask import Flask\napp = Flask(__name__)\n' };
    const named = (entry: string): string => project({ ...files, 'slipway.yaml': `entry: ${entry}\n` });
    const { entry } = (await inspect(named('deep/er/down/here/own.py:serve'))).project;
    assert.deepEqual(entry.kind === 'app' && [entry.module, entry.attribute, entry.protocol], [
      'deep.er.down.here.own',
      'serve',
      'asgi',
    ]);
    await failure(inspect(named('app.py:api')), 'EntryNotFound', /app\.py makes no .* named api/);
  });

  it('finds an app that is a plain function', async () => {
    const { entry } = (await inspect(project({ 'app.py': 'async def app(scope, receive, send):\n    pass\n' })))
      .project;
    assert.equal(entry.kind === 'app' && entry.attribute, 'app');
  });

  const spacyModel = {
    'config.cfg': '[nlp]\nlang = "en"\n',
    'meta.json': JSON.stringify({
      lang: 'en',
      spacy_version: '>=3.8.2,<3.9.0',
      requirements: ['spacy-lookups-data', '-e .'],
    }),
    'vocab/strings.json': '["a"]',
  };
  const inFolder = Object.fromEntries(Object.entries(spacyModel).map(([name, text]) => [`ner/${name}`, text]));

  it('serves a folder of spaCy with the packages that it asks for, opened itself or in a project', async () => {
    const own = (await inspect(project(spacyModel))).project;
    assert.deepEqual(own.entry, { kind: 'spacy', path: '.' });
    const specs = own.dependencies.requirements.map((one) => one.spec);
    assert.deepEqual(specs, ['spacy>=3.8.2,<3.9.0', 'spacy-lookups-data']);
    assert.deepEqual((await inspect(project(inFolder))).project.entry, { kind: 'spacy', path: 'ner' });
    const named = project({ ...inFolder, 'a.ipynb': notebook(served), 'slipway.yaml': 'entry: ner\n' });
    assert.deepEqual((await inspect(named)).project.entry, { kind: 'spacy', path: 'ner' });
  });

  it('serves the notebook where one beside a folder of spaCy has a predict, and no folder that only looks like one', async () => {
    const beside = (await inspect(project({ ...inFolder, 'a.ipynb': notebook(served) }))).project;
    assert.equal(beside.entry.kind, 'notebook');
    const other = { 'config.cfg': '', 'meta.json': '{"name": "tables"}' };
    await failure(inspect(project(other)), 'ProjectEmpty', /no notebook/);
  });

  it('takes an unreachable index for an open question, not for an answer', async () => {
    const root = project({ 'a.ipynb': notebook('import frobnicate_nowhere', served) });
    const offline = { ...tools, exists: () => Promise.reject(new Error('offline')) };
    const result = await inspectProject(root, { tools: offline }, signal);
    assert.deepEqual(codes(result), ['ImportUnverified']);
    assert.deepEqual(
      result.project.dependencies.requirements.map((one) => one.spec),
      ['frobnicate-nowhere'],
    );
  });

  it('takes the alternative that a file declares for the same module', async () => {
    const result = await inspect(
      project({ 'a.ipynb': notebook('import cv2', served), 'requirements.txt': 'opencv-contrib-python==4.9.0.80\n' }),
    );
    assert.deepEqual(
      result.project.dependencies.requirements.map((one) => one.spec),
      ['opencv-contrib-python==4.9.0.80'],
    );
    assert.deepEqual(codes(result), []);
  });

  it('offers to write down an import that the dependency file lacks, where a line can be added', async () => {
    const served = 'def predict(x):\n    return x';
    const fixOf = async (files: Readonly<Record<string, string>>) =>
      (await inspect(project({ 'a.ipynb': notebook('import yaml', served), ...files }))).findings.find(
        (one) => one.code === 'ImportNotDeclared',
      );
    assert.deepEqual((await fixOf({ 'requirements.txt': 'numpy\n' }))?.fix?.append, {
      file: 'requirements.txt',
      text: 'pyyaml',
    });
    const other = await fixOf({ 'pyproject.toml': '[project]\nname = "a"\ndependencies = ["numpy"]\n' });
    assert.equal(other?.code, 'ImportNotDeclared');
    assert.equal(other.fix, undefined);
  });

  it('runs code of Python 2 that is valid in Python 3, and refuses the other', async () => {
    const old = (code: string) => notebook(code, served).replace('3.11.4', '2.7.9');
    const valid = await inspect(project({ 'a.ipynb': old('from __future__ import print_function\nprint(1)') }));
    assert.deepEqual(codes(valid), ['Python2Kernel']);
    const invalid = await inspect(project({ 'a.ipynb': old('print "1"') }));
    assert.ok(codes(invalid).includes('Python2Notebook'));
  });

  it('knows the packages that IPython was split into', async () => {
    const result = await inspect(project({ 'a.ipynb': notebook('from IPython.html.widgets import interact', served) }));
    assert.deepEqual(
      result.project.dependencies.requirements.map((one) => one.spec),
      ['ipywidgets'],
    );
  });

  it('takes the day of the Python that ran a notebook where its last change is older', async () => {
    const text = notebook('import yaml', served).replace('3.11.4', '3.7.7');
    const git: InspectTools['git'] = (args) => Promise.resolve(args[0] === 'log' ? '2019-01-01T12:00:00Z' : '');
    const { project: found } = await inspectProject(project({ 'a.ipynb': text }), { tools: { ...tools, git } }, signal);
    assert.deepEqual(found.dependencies.asOf, { date: '2020-03-10', source: 'python' });
  });

  it('uses a lock as it is and names what it ignores', async () => {
    const root = project({
      'a.ipynb': notebook('import yaml', served),
      'uv.lock': 'version = 1\nrequires-python = ">=3.11"\n',
      'pyproject.toml': '[project]\nname = "a"\n',
      'requirements.txt': 'x\n',
    });
    const { dependencies, python } = (await inspect(root)).project;
    assert.deepEqual(dependencies.source, { kind: 'lock', format: 'uv.lock', file: 'uv.lock' });
    assert.deepEqual(dependencies.requirements, []);
    assert.deepEqual(
      dependencies.ignored.map((one) => one.file),
      ['pyproject.toml', 'requirements.txt'],
    );
    assert.equal(python.specifier, '>=3.11');
  });

  it('lets slipway.yaml and .python-version speak before the notebook', async () => {
    const files = { 'a.ipynb': notebook(served), '.python-version': '3.10.4\n' };
    assert.deepEqual((await inspect(project(files))).project.python, { version: '3.10', source: '.python-version' });
    const overruled = await inspect(
      project({ ...files, 'slipway.yaml': 'python: "3.12"\nname: shop\nasOf: 2021-06-30\nrequirements: [flask]\n' }),
    );
    assert.deepEqual(overruled.project.python, { version: '3.12', source: 'slipway.yaml' });
    assert.equal(overruled.project.name, 'shop');
    assert.deepEqual(overruled.project.dependencies.asOf, { date: '2021-06-30', source: 'slipway.yaml' });
  });

  it('serves what slipway.yaml names', async () => {
    const files = { 'a.ipynb': notebook(served), 'b.ipynb': notebook('def classify(x):\n    return x', served) };
    const result = await inspect(project({ ...files, 'slipway.yaml': 'entry: b.ipynb:classify\n' }));
    assert.deepEqual(result.project.entry, { kind: 'notebook', notebook: 'b.ipynb', predict: 'classify' });
    await assert.rejects(inspect(project({ ...files, 'slipway.yaml': 'entry: c.ipynb\n' })), { code: 'EntryNotFound' });
    await assert.rejects(inspect(project({ ...files, 'slipway.yaml': 'entry: a.ipynb:nothing\n' })), {
      code: 'EntryNotFound',
    });
    await assert.rejects(inspect(project(files)), (error: { code?: string; details?: { candidates?: unknown } }) => {
      assert.equal(error.code, 'NotebookAmbiguous');
      assert.deepEqual(error.details?.candidates, ['a.ipynb', 'b.ipynb']);
      return true;
    });
  });

  it('finds the project of a notebook that is named', async () => {
    const root = project({
      'requirements.txt': 'numpy==1.26.4\n',
      'lib/words.py': 'X = 1\n',
      'nb/a.ipynb': notebook("import sys\nsys.path.append('../lib')\nimport words", served),
      'nb/b.ipynb': notebook(served),
    });
    const result = await inspect(path.join(root, 'nb/a.ipynb'));
    assert.equal(result.project.root, root);
    assert.deepEqual(result.project.entry, { kind: 'notebook', notebook: 'nb/a.ipynb', predict: 'predict' });
    assert.deepEqual(result.project.localModules, ['lib/words.py']);
    assert.deepEqual(result.project.sysPath, [path.join(root, 'nb'), root, path.join(root, 'lib')]);
  });

  it('takes the kinds of entry that the target accepts', async () => {
    const root = project({ Dockerfile: 'FROM scratch\n', 'a.ipynb': notebook(served) });
    assert.equal((await inspect(root)).project.entry.kind, 'dockerfile');
    assert.equal(
      (await inspectProject(root, { tools, accepts: ['notebook', 'none'] }, signal)).project.entry.kind,
      'notebook',
    );
  });

  it('keeps hostile names and output inert', { skip: process.platform === 'win32' }, async () => {
    const escape = '\u001b[31m';
    const root = project(
      {
        [`${escape}a"b'\n.ipynb`]: notebook(
          `x = """\n!rm -rf /\n"""\nimport yaml  # ${escape}`,
          `open("${'../'.repeat(40)}etc/\\x00passwd")`,
          served,
        ),
        'requirements.txt': `numpy==1 ${escape}\n${escape}evil\n`,
      },
      'прое кт "quoted"',
    );
    const result = await inspect(root);
    assert.equal(result.project.entry.kind, 'notebook');
    assert.equal(result.project.name, 'quoted');
    assert.deepEqual(
      codes(result).filter((code) => code === 'ShellMagic'),
      [],
    );
    // The findings' texts go to terminals: file names in locations are data, messages are not.
    for (const finding of result.findings) assert.ok(!finding.message.includes('\u001b'), finding.message);
    for (const one of result.project.dependencies.requirements)
      assert.ok(!one.origin.includes('\u001b') && !one.origin.includes('\n'));
  });

  it('moves a secret without showing it', async () => {
    const line = `client = connect("é", token="${plantedKey}")`;
    const result = await inspect(project({ 'a.ipynb': notebook('import os\nconnect = print', line, served) }));
    assert.ok(!JSON.stringify(result).includes(plantedKey));
    const fix = result.findings.find((one) => one.code === 'SecretInCell')?.fix;
    assert.deepEqual(
      fix?.edits.map((edit) => edit.text),
      ['client = connect("é", token=os.environ["OPENAI_API_KEY"])'],
    );
    assert.equal(line.slice(fix.secret?.startColumn, fix.secret?.endColumn), `"${plantedKey}"`);
  });

  it('stops at once when it is cancelled', async () => {
    const cancelled = AbortSignal.abort();
    await assert.rejects(inspectProject(project({ 'a.ipynb': notebook(served) }), { tools }, cancelled), {
      name: 'AbortError',
    });
  });

  it('tells a path that is not there and a folder that holds nothing', async () => {
    await assert.rejects(inspect(path.join(base, 'nowhere')), { code: 'ProjectNotFound' });
    await assert.rejects(inspect(project({ 'notes.txt': 'x' })), { code: 'ProjectEmpty' });
  });
});
