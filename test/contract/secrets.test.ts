import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { buildCli, errorOf, slipway } from '../support/cli';
import { notebookOf } from '../support/notebooks';
import { environmentOf, runningProcesses } from '../support/processes';
import { openWorkspace, type Workspace } from '../support/workspace';

/** Reads the secret while it trains and while it serves, and answers whether it is what was sent. */
const quiet = [
  { id: 'train', source: 'import os\nlength = len(os.environ["API_TOKEN"])' },
  {
    id: 'predict',
    source:
      'def predict(x: list[str]) -> list[bool]:\n    return [os.environ["API_TOKEN"].startswith(value) for value in x]',
  },
  { id: 'example', source: 'sample_input = ["a"]', tags: ['example'] },
];

/** The same from an author who is careless: it prints the secret in both. */
const careless = [
  { id: 'train', source: 'import os\nprint("training with", os.environ["API_TOKEN"])\nos.environ["API_TOKEN"]' },
  {
    id: 'predict',
    source:
      'def predict(x: list[str]) -> list[bool]:\n    print("serving with", os.environ["API_TOKEN"], flush=True)\n    return [os.environ["API_TOKEN"].startswith(value) for value in x]',
  },
  { id: 'example', source: 'sample_input = ["a"]', tags: ['example'] },
];

let workspace: Workspace;
before(async () => {
  await buildCli();
  workspace = await openWorkspace({ target: 'local' });
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

const deploy = (folder: string, ...more: readonly string[]): readonly string[] => [
  'deploy',
  folder,
  '--home',
  workspace.home,
  '--yes',
  ...more,
];

function project(name: string, cells: typeof quiet): Promise<string> {
  return workspace.writeProject(name, {
    'requirements.txt': '',
    'slipway.yaml': 'secrets: [API_TOKEN]\n',
    'nb.ipynb': notebookOf(...cells),
  });
}

/** Deploys with a secret, asks the model, and checks that the value is nowhere but in the environment of the model. */
async function deploySecretly(name: string, cells: typeof quiet): Promise<readonly string[]> {
  const folder = await project(name, cells);
  const value = `prefix-${randomBytes(12).toString('hex')}`;
  const env = { ...process.env, API_TOKEN: value };
  const watch = watchCommandLines(value);
  try {
    const deployed = await slipway(deploy(folder, '--json'), { env });
    assert.equal(deployed.exitCode, 0, errorOf(deployed).message);
    assert.deepEqual(await workspace.predict(name, { inputs: ['prefix-', 'other'] }), [true, false]);
    const worker = (await workspace.model(name))?.workers[0];
    assert.ok(worker?.pid);
    assert.ok(
      environmentOf(worker.pid)?.includes(`API_TOKEN=${value}`) ?? true,
      'the model does not have the secret in its environment',
    );
    const logs = await slipway(['logs', name, '--home', workspace.home, '--json']);
    const human = await slipway(deploy(folder, '--retrain'), { env });
    const models = await slipway(['models', '--home', workspace.home, '--json']);
    const shown = [deployed, logs, human, models].flatMap(({ stdout, stderr }) => (stdout + stderr).split('\n'));
    assert.deepEqual(
      shown.filter((line) => line.includes(value)),
      [],
      'in what is printed',
    );
    assert.deepEqual(watch.stop(), [], 'in the arguments of a process');
    assert.deepEqual(await filesHolding(workspace.home, value), [], 'in a file');
    assert.deepEqual(await filesHolding(workspace.temporary, value), [], 'in a temporary file');
    return shown;
  } finally {
    watch.stop();
  }
}

describe('the value of a secret', () => {
  it('is asked for by name when nobody gives it', async () => {
    const result = await slipway(deploy(await project('nameless', quiet), '--json'));
    assert.deepEqual([result.exitCode, errorOf(result).code], [1, 'SecretMissing'], result.stdout);
    assert.match(errorOf(result).message ?? '', /API_TOKEN/);
  });

  it('reaches the model and nothing else', async () => {
    await deploySecretly('quiet', quiet);
  });

  it('is masked where the notebook prints it', async () => {
    const shown = (await deploySecretly('careless', careless)).join('\n');
    assert.match(shown, /training with/);
    assert.match(shown, /serving with/);
  });

  it('is read from a file as well', async () => {
    const file = path.join(workspace.root, 'secrets.env');
    await writeFile(file, 'API_TOKEN="from-a-file"\n');
    const result = await slipway(deploy(await project('from-file', quiet), '--json', '--env-file', file));
    assert.equal(result.exitCode, 0, result.stdout);
    assert.deepEqual(await workspace.predict('from-file', { inputs: ['from-a-file'] }), [true]);
  });
});

/** A wheel of one module, made by Python since Node has no zip. */
const makeWheel = `
import sys, zipfile
folder, name = sys.argv[1:]
info = f"{name}-1.0.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}.py", "factor = 2\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", f"{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
`;

describe('a password in the address of a package', () => {
  const password = `planted-${randomBytes(12).toString('hex')}`;
  let server: Server;
  let port = 0;
  before(async () => {
    const folder = path.join(workspace.root, 'wheels');
    await mkdir(folder);
    for (const name of ['helper', 'other']) await promisify(execFile)('python3', ['-c', makeWheel, folder, name]);
    server = createServer((request, response) => {
      readFile(path.join(folder, path.basename(request.url ?? ''))).then(
        (body) => response.end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('stays out of plans, locks, bundles, executed notebooks, logs and errors', async () => {
    const at = (name: string): string =>
      `${name} @ http://me:${password}@127.0.0.1:${String(port)}/${name}-1.0-py3-none-any.whl`;
    const folder = await workspace.writeProject('addresses', {
      'pyproject.toml': `[project]\nname = "x"\nversion = "1"\ndependencies = ["${at('helper')}"]\n`,
      'slipway.yaml': `requirements: ["${at('other')}"]\n`,
      'nb.ipynb': notebookOf(
        { id: 'install', source: `%pip install git+https://me:${password}@git.invalid/a.git` },
        { id: 'shell', source: `!pip install https://me:${password}@git.invalid/b.whl` },
        { id: 'print', source: `import helper, other\nprint("https://me:${password}@git.invalid/c")` },
        { id: 'predict', source: 'def predict(x: float) -> float:\n    return x * helper.factor * other.factor' },
        { id: 'example', source: 'sample_input = 1.0', tags: ['example'] },
      ),
    });
    const watch = watchCommandLines(password);
    const deployed = await slipway(deploy(folder, '--json'));
    assert.equal(deployed.exitCode, 0, deployed.stdout);
    const human = await slipway(deploy(folder, '--retrain'));
    assert.equal(human.exitCode, 0, human.stdout);
    const home = ['--home', workspace.home];
    const others = await Promise.all([
      slipway(['inspect', folder, ...home, '--json']),
      slipway(['models', ...home, '--json']),
      slipway(['logs', 'addresses', ...home, '--json']),
    ]);
    const gone = await workspace.writeProject('no-address', {
      'slipway.yaml': `requirements: ["${at('absent')}"]\n`,
      'nb.ipynb': notebookOf({ id: 'predict', source: 'def predict(x: float):\n    return x' }),
    });
    const failed = await slipway(deploy(gone, '--json'));
    assert.equal(failed.exitCode, 1);
    for (const { stdout, stderr } of [deployed, human, ...others, failed])
      assert.doesNotMatch(stdout + stderr, new RegExp(password));
    assert.match(deployed.stdout, /CredentialsLeftOut/);
    assert.deepEqual(watch.stop(), [], 'in the arguments of a process');
    assert.deepEqual(await filesHolding(workspace.home, password), [], 'in a file');
    assert.deepEqual(await filesHolding(workspace.temporary, password), [], 'in a temporary file');
  });
});

/** Looks at the command lines of all processes of this machine until stopped, and returns those that show a value. */
function watchCommandLines(value: string): { readonly stop: () => readonly string[] } {
  const seen = new Set<string>();
  const look = (): void => {
    for (const { commandLine } of runningProcesses()) if (commandLine.includes(value)) seen.add(commandLine);
  };
  const timer = setInterval(look, 50);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return [...seen];
    },
  };
}

/** Files below a folder whose name or content holds a text; the wheel cache that other runs share is a link and left out. */
async function filesHolding(root: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.name.includes(text)) found.push(file);
    else if (entry.isFile() && (await readFile(file).catch(() => Buffer.alloc(0))).includes(text)) found.push(file);
  }
  return found;
}
