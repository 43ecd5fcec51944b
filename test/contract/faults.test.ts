import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { notebookOf, type CellSource } from '../support/notebooks';
import { processesNaming } from '../support/processes';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { namesIn, openWorkspace, type Workspace } from '../support/workspace';

const predict: CellSource = {
  id: 'predict',
  source: 'def predict(x: list[float]) -> list[float]:\n    return [2 * value for value in x]',
};
const example: CellSource = { id: 'example', source: 'sample_input = [1.0, 2.0]', tags: ['example'] };
const nothing = { 'requirements.txt': '' };

let workspace: Workspace;
before(async () => {
  workspace = await openWorkspace({ target: 'local' });
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

/** Deploys a project of its own for one fault; a model must not come of it, nor anything that looks like one. */
async function deployFault(name: string, files: Readonly<Record<string, string>>, code: string, message: RegExp) {
  const folder = await workspace.writeProject(name, files);
  const error = await failure(workspace.deploy({ path: folder, name }), code, message);
  await nothingIsLeft(name);
  return { error, folder };
}

async function nothingIsLeft(name: string): Promise<void> {
  await eventually(
    `nothing of ${name} is left`,
    15,
    async () => (await workspace.model(name)) === undefined && processesNaming(`--model ${name}`).length === 0,
  );
  assert.deepEqual(await namesIn(workspace.services.home.model(name)), []);
}

describe('a file that is no usable notebook', () => {
  it('is told to be none', async () => {
    await deployFault(
      'no-notebook',
      { 'no.ipynb': '{"rows": []}' },
      'NotANotebook',
      /no\.ipynb is not a Jupyter notebook/,
    );
  });
  it('is told where its JSON breaks', async () => {
    const { error, folder } = await deployFault(
      'broken-json',
      { 'broken.ipynb': '{\n "cells": [\n  {,}\n' },
      'NotebookUnreadable',
      /broken\.ipynb cannot be read: .* at line 3/,
    );
    assert.deepEqual(error.location, { file: path.join(folder, 'broken.ipynb'), line: 3 });
  });
  it('is told to be empty', async () => {
    await deployFault('empty', { 'empty.ipynb': notebookOf() }, 'NotebookEmpty', /empty\.ipynb holds no code/);
    await deployFault('zero', { 'zero.ipynb': '' }, 'NotebookEmpty', /zero\.ipynb holds no code/);
  });
});

describe('a notebook that does not run', () => {
  it('names the cell and line that raise', async () => {
    const cells = ['import math', { id: 'broken', source: 'y = 1\nmath.sqrt(-y)' }, predict, example];
    const { error, folder } = await deployFault(
      'raises',
      { ...nothing, 'nb.ipynb': notebookOf(...cells) },
      'CellFailed',
      /ValueError/,
    );
    assert.deepEqual(error.location, { file: path.join(folder, 'nb.ipynb'), cell: 'broken', line: 2 });
    assert.ok(error.remedy?.kind === 'openFile');
    assert.match(String(error.details['traceback']), /math\.sqrt\(-y\)/);
  });

  it('is cancelled in the middle of a cell, with everything that the cell started', async () => {
    const mark = `slipway-endless-${String(process.pid)}`;
    const child = `import subprocess, sys\nsubprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "${mark}"])\nwhile True:\n    pass`;
    const folder = await workspace.writeProject('endless', {
      ...nothing,
      'nb.ipynb': notebookOf({ id: 'endless', source: child }, predict),
    });
    const stop = new AbortController();
    const host = recordingHost();
    const deploy = workspace.deploy({ path: folder, name: 'endless' }, host, stop.signal);
    deploy.catch(() => undefined);
    await eventually('the cell runs', 120, () => processesNaming(mark).length > 0);
    stop.abort();
    await eventually(
      'all of it is gone',
      2,
      () =>
        processesNaming(mark).length === 0 &&
        processesNaming('kernel_main').filter((one) => one.commandLine.includes(workspace.root)).length === 0,
    );
    await assert.rejects(deploy, { name: 'AbortError' });
    await nothingIsLeft('endless');
    const left = await namesIn(workspace.services.home.artifacts);
    assert.deepEqual(
      left.filter((name) => name.includes('.tmp')),
      [],
    );
  });

  it('says how to add predict when there is none', async () => {
    const { error } = await deployFault(
      'no-predict',
      { ...nothing, 'nb.ipynb': notebookOf('x = 1') },
      'PredictMissing',
      /no predict function/,
    );
    assert.ok(error.remedy?.kind === 'runCommand');
  });

  it('shows the cell in which predict fails on its own example', async () => {
    const failing = {
      id: 'predict',
      source: 'def predict(x: list[float]) -> float:\n    total = sum(x)\n    return total / 0',
    };
    const { error } = await deployFault(
      'own-example',
      { ...nothing, 'nb.ipynb': notebookOf(failing, example) },
      'ExampleFailed',
      /ZeroDivisionError/,
    );
    assert.deepEqual([error.location?.cell, error.location?.line], ['predict', 3]);
  });

  it('names the variable that cannot be saved', async () => {
    const cells = [
      'import threading\nguard = threading.Lock()',
      { id: 'predict', source: 'def predict(x: list[float]) -> list[float]:\n    with guard:\n        return x' },
      example,
    ];
    const { error } = await deployFault(
      'unpicklable',
      { ...nothing, 'nb.ipynb': notebookOf(...cells) },
      'SnapshotFailed',
      /guard/,
    );
    assert.equal(error.details['variable'], 'guard');
  });
});

describe('dependencies that cannot be had', () => {
  it('names an unknown package', async () => {
    await deployFault(
      'unknown',
      { 'requirements.txt': 'slipway-has-no-such-package==1.0\n', 'nb.ipynb': notebookOf(predict, example) },
      'PackageUnknown',
      /slipway-has-no-such-package.*does not exist/,
    );
  });
  it('names pins that exclude one another', async () => {
    await deployFault(
      'unsolvable',
      { 'requirements.txt': 'packaging==24.0\npackaging==23.0\n', 'nb.ipynb': notebookOf(predict, example) },
      'DependenciesUnsolvable',
      /packaging==2[34]\.0/,
    );
  });
  it('asks about an import that maps to nothing instead of guessing', async () => {
    await deployFault(
      'unmapped',
      { 'nb.ipynb': notebookOf('import zz_in_house_tools', predict, example) },
      'ImportUnmapped',
      /zz_in_house_tools/,
    );
  });
  it('adds an optional package that only running can tell, and says so', async () => {
    const cells = [
      'from sklearn.datasets import load_iris\niris = load_iris(**{"as_frame": True})',
      'means = [float(value) for value in iris.data.mean()]',
      {
        id: 'predict',
        source: 'def predict(x: list[float]) -> list[float]:\n    return [a - b for a, b in zip(x, means)]',
      },
    ];
    const folder = await workspace.writeProject('optional', {
      'requirements.txt': 'numpy==2.2.6\nscikit-learn==1.6.1\n',
      'nb.ipynb': notebookOf(...cells),
    });
    const host = recordingHost();
    await workspace.deploy({ path: folder, name: 'optional' }, host);
    const added = eventsOf(host, 'finding').filter(({ finding }) => finding.code === 'DependencyAdded');
    assert.equal(added.length, 1);
    assert.match(added[0]?.finding.message ?? '', /pandas/);
    assert.equal(added[0]?.finding.fix?.append?.file, 'requirements.txt');
    const cellsRun = eventsOf(host, 'cell').filter(({ state, index }) => state === 'running' && index === 0);
    assert.equal(cellsRun.length, 2, 'training starts over from the first cell, once');
    assert.equal(host.questions.length, 1, 'consent is asked for once');
  });
});

describe('a path with spaces and letters beyond ASCII', () => {
  it('is deployed like any other', async () => {
    const source = {
      id: 'predict',
      source:
        'from hilfen import größer\n\ndef predict(x: list[float]) -> list[float]:\n    return [größer(wert) for wert in x]',
    };
    const files = {
      ...nothing,
      'Übung 1.ipynb': notebookOf(source, example),
      'hilfen.py': 'def größer(wert):\n    return wert + 1\n',
    };
    const folder = await workspace.writeProject('Mein Projekt – 模型 ñ', files);
    const model = await workspace.deploy({ path: folder });
    assert.match(model.name, /^[a-z0-9][a-z0-9-]*$/);
    assert.deepEqual(await workspace.predict(model.name, { inputs: [1, 2.5] }), [2, 3.5]);
  });
});
