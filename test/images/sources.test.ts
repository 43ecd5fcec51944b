import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askContainer, startContainer } from '../support/containers';
import { failure } from '../support/failure';
import { notebookOf } from '../support/notebooks';
import { recordingHost } from '../support/recordingHost';
import { openWorkspace } from '../support/workspace';
import { openImageBench, type ImageBench } from './imageBench';

const module = `
#include <Python.h>
#include <assert.h>
static PyObject *twice(PyObject *self, PyObject *number) {
  assert(self != NULL);
  return PyFloat_FromDouble(2 * PyFloat_AsDouble(number));
}
static PyMethodDef methods[] = {{"twice", twice, METH_O, __FILE__}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "slwtiny", NULL, -1, methods};
PyMODINIT_FUNC PyInit_slwtiny(void) { return PyModule_Create(&definition); }
`;
/** The absolute name of a file, as build tools such as CMake give it to compilers, must not get into the result. */
const setup = `
import os, setuptools
here = os.path.dirname(os.path.abspath(__file__))
flags = dict(extra_compile_args=["-UNDEBUG", "-include", os.path.join(here, "absolute.h")])
setuptools.setup(name="slwtiny", version="1.0", ext_modules=[setuptools.Extension("slwtiny", ["tiny.c"], **flags)])
`;
const header = 'static const char *tiny_header __attribute__((used)) = __FILE__;\n';

const archiver = `
import io, json, sys, tarfile
request = json.load(sys.stdin)
with tarfile.open(request["file"], "w:gz") as archive:
    for name, text in request["files"].items():
        entry = tarfile.TarInfo(request["folder"] + "/" + name)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
`;

function writeSource(file: string, files: Readonly<Record<string, string>>, version = '1.0'): void {
  const metadata = `Metadata-Version: 2.1\nName: slwtiny\nVersion: ${version}\n`;
  const own = { 'PKG-INFO': metadata, 'setup.py': setup.replace('1.0', version), 'absolute.h': header, ...files };
  const folder = `slwtiny-${version}`;
  execFileSync('python3', ['-c', archiver], { input: JSON.stringify({ file, folder, files: own }) });
}

describe('a package of which there is the source only', { timeout: 10 * 60_000 }, () => {
  let bench: ImageBench;
  let sources: string;
  const project = {
    'app.py': 'async def app(scope, receive, send):\n    ...\n',
    'requirements.txt': 'slwtiny==1.0\n',
    'slipway.yaml': 'entry: app.py:app\npython: "3.11"\n',
  };
  before(async () => {
    sources = await mkdtemp(path.join(tmpdir(), 'slw-sdist-'));
    process.env['UV_FIND_LINKS'] = sources;
    bench = await openImageBench();
  });
  after(async () => {
    Reflect.deleteProperty(process.env, 'UV_FIND_LINKS');
    await bench.close();
    await rm(sources, { recursive: true, force: true });
  });

  /** What a module says in a container of an image. */
  async function run(image: string, program: string): Promise<string> {
    const args = ['run', '--rm', '--entrypoint', 'python', bench.seenByEngine(image), '-c', program];
    return (await bench.engine.docker(...args)).trim();
  }

  it('is built for an image that this machine is like, in whatever home and folder, and the plan says so', async () => {
    writeSource(path.join(sources, 'slwtiny-1.0.tar.gz'), { 'tiny.c': module });
    const host = recordingHost();
    const { image } = await bench.build(await bench.workspace.writeProject('tiny', project), 'models/tiny', { host });
    const [plan] = host.events.flatMap((event) => (event.event === 'imagePlan' ? [event.plan] : []));
    assert.match(JSON.stringify(plan?.layers), /slwtiny 1\.0 \(no wheel: built from its source on this machine\)/);
    assert.equal(
      await run(image, 'import slwtiny; print(slwtiny.twice(4), slwtiny.__file__)'),
      ['8.0', '/opt/slipway/venv/lib/python3.11/site-packages/slwtiny.cpython-311-x86_64-linux-gnu.so'].join(' '),
    );
    const other = await openWorkspace({ target: 'local' });
    try {
      const options = { workspace: other, name: 'tiny' };
      const again = await bench.build(await other.writeProject('elsewhere', project), 'models/tiny', options);
      assert.equal(again.image, image);
    } finally {
      await other.close();
    }
  });

  it('is built with the tools of the day that the notebook is of', async () => {
    const folder = await bench.workspace.writeProject('usage', {
      'requirements.txt': 'docopt\n',
      'usage.ipynb': notebookOf(
        'from docopt import docopt\ndef predict(lines):\n    return [docopt("Usage: x NAME", [line])["NAME"] for line in lines]',
        { id: 'example', source: 'lines = ["a"]', tags: ['example'] },
      ),
      'slipway.yaml': 'python: "3.11"\nasOf: 2024-06-01\n',
    });
    const { image } = await bench.build(folder, 'models/usage');
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'usage', { inputs: ['one', 'two'] });
    assert.deepEqual(answers.invocations.predictions, ['one', 'two']);
    await bench.engine.docker('rm', '--force', container);
    const tools = 'import importlib.metadata as m; print(m.distribution("docopt").read_text("WHEEL"))';
    assert.match(await run(image, tools), /Generator: (?:bdist_wheel \(0\.43|setuptools \(70)/);
  });

  it('is named with what the compiler says when it cannot be built', async () => {
    writeSource(path.join(sources, 'slwtiny-1.1.tar.gz'), { 'tiny.c': 'int x =\n' }, '1.1');
    const folder = await bench.workspace.writeProject('broken', { ...project, 'requirements.txt': 'slwtiny==1.1\n' });
    const error = await failure(
      bench.build(folder, 'models/broken'),
      'PackageBuildFailed',
      /slwtiny 1\.1 has no ready-made wheel, .*gcc/,
    );
    assert.match(JSON.stringify(error.remedy), /--builder docker/);
  });
});
