import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { buildCli, errorOf, slipway } from '../support/cli';
import { notebookOf } from '../support/notebooks';
import { environmentOf, runningProcesses } from '../support/processes';
import { openWorkspace, type Workspace } from '../support/workspace';
import { writeFile } from 'node:fs/promises';

/** Reads the secret while it trains and while it serves, prints it in both, and answers what it is. */
const reveals = [
  { id: 'train', source: 'import os\nprint("training with", os.environ["API_TOKEN"])' },
  {
    id: 'predict',
    source:
      'def predict(x: list[str]) -> list[bool]:\n    print("serving with", os.environ["API_TOKEN"], flush=True)\n    return [os.environ["API_TOKEN"].startswith(value) for value in x]',
  },
  { id: 'example', source: 'sample_input = ["a"]', tags: ['example'] },
];

let workspace: Workspace;
let folder: string;
before(async () => {
  await buildCli();
  workspace = await openWorkspace({ target: 'local' });
  folder = await workspace.writeProject('secretive', {
    'requirements.txt': '',
    'slipway.yaml': 'secrets: [API_TOKEN]\n',
    'nb.ipynb': notebookOf(...reveals),
  });
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

describe('the value of a secret', () => {
  it('is asked for by name when nobody gives it', async () => {
    const result = await slipway(['deploy', folder, '--home', workspace.home, '--yes', '--json']);
    assert.deepEqual([result.exitCode, errorOf(result).code], [1, 'SecretMissing'], result.stdout);
    assert.match(errorOf(result).message ?? '', /API_TOKEN/);
  });

  it('reaches the model and nothing else', async () => {
    const value = `prefix-${randomBytes(12).toString('hex')}`;
    const watch = watchCommandLines(value);
    const result = await slipway(['deploy', folder, '--home', workspace.home, '--yes', '--json'], {
      env: { ...process.env, API_TOKEN: value },
    });
    assert.equal(result.exitCode, 0, errorOf(result).message);
    assert.deepEqual(await workspace.predict('secretive', { inputs: ['prefix-', 'other'] }), [true, false]);
    const worker = (await workspace.model('secretive'))?.workers[0];
    assert.ok(worker?.pid);
    assert.ok(
      environmentOf(worker.pid)?.includes(`API_TOKEN=${value}`) ?? true,
      'the model does not have the secret in its environment',
    );
    const logs = await slipway(['logs', 'secretive', '--home', workspace.home, '--json']);
    assert.match(logs.stdout, /serving with/, 'the line that shows the secret is in the log');
    const human = await slipway(['deploy', folder, '--home', workspace.home, '--yes'], {
      env: { ...process.env, API_TOKEN: value },
    });
    const models = await slipway(['models', '--home', workspace.home, '--json']);
    for (const { stdout, stderr } of [result, logs, human, models])
      assert.ok(!(stdout + stderr).includes(value), `shown: ${stdout + stderr}`);
    assert.deepEqual(await watch.stop(), [], 'in the arguments of a process');
    assert.deepEqual(await filesHolding(workspace.home, value), []);
    assert.deepEqual(await filesHolding(workspace.temporary, value), []);
  });

  it('is read from a file as well', async () => {
    const file = path.join(workspace.root, 'secrets.env');
    await writeFile(file, 'API_TOKEN="from-a-file"\n');
    const result = await slipway(['deploy', folder, '--home', workspace.home, '--yes', '--json', '--env-file', file]);
    assert.equal(result.exitCode, 0, result.stdout);
    assert.deepEqual(await workspace.predict('secretive', { inputs: ['from-a-file'] }), [true]);
  });
});

/** Looks at the command lines of all processes of this machine until stopped, and returns those that show a value. */
function watchCommandLines(value: string): { readonly stop: () => Promise<readonly string[]> } {
  const seen = new Set<string>();
  const look = (): void => {
    for (const { commandLine } of runningProcesses()) if (commandLine.includes(value)) seen.add(commandLine);
  };
  const timer = setInterval(look, 50);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return Promise.resolve([...seen]);
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
