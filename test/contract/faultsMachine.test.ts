import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { buildCli, errorOf, slipway, type CliResult } from '../support/cli';
import { notebookOf } from '../support/notebooks';
import { exampleCell, plainProject, predictDouble } from '../support/plainProject';
import { closedPort } from '../support/ports';
import { openWorkspace, type Workspace } from '../support/workspace';

const run = promisify(execFile);

let workspace: Workspace;
before(async () => {
  await buildCli();
  workspace = await openWorkspace({ target: 'local' });
  // Fetches uv, so that an unreachable index is met by uv and not by the download of uv.
  await workspace.deploy({ path: await workspace.writeProject('first', plainProject()) });
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

function assertFailed(result: CliResult, code: string, message: RegExp): void {
  assert.deepEqual([result.exitCode, errorOf(result).code], [1, code], result.stdout + result.stderr);
  assert.match(errorOf(result).message ?? '', message);
  assert.ok(errorOf(result).remedy, `${code} has no remedy`);
}

/** A home that has uv and nothing else. */
async function homeWithUv(folder: string): Promise<string> {
  await mkdir(path.join(folder, 'tools'), { recursive: true });
  const tools = workspace.services.home.tools;
  const programs = (await readdir(tools)).filter((name) => name.startsWith('uv-'));
  for (const name of programs) await symlink(path.join(tools, name), path.join(folder, 'tools', name), 'junction');
  return folder;
}

describe('a machine without Python', () => {
  it('is told what to install', async () => {
    const empty = path.join(workspace.root, 'empty-path');
    await mkdir(empty);
    const folder = await workspace.writeProject('pythonless', plainProject());
    const env = { ...process.env, PATH: empty, PYENV_ROOT: empty };
    const result = await slipway(
      ['deploy', folder, '--home', path.join(workspace.root, 'pythonless-home'), '--yes', '--json'],
      { env },
    );
    assertFailed(result, 'PythonNotFound', /No Python 3 was found/);
  });

  it('is told which versions it has instead of the one that the project demands', async () => {
    const folder = await workspace.writeProject(
      'python-of-tomorrow',
      plainProject([], { '.python-version': '3.99\n' }),
    );
    const result = await slipway(['deploy', folder, '--home', workspace.home, '--yes', '--json']);
    assertFailed(result, 'PythonNotFound', /needs Python 3\.99 \(\.python-version\).*Installed: 3\.\d+/);
  });
});

describe('an index that cannot be reached', () => {
  for (const variable of ['UV_DEFAULT_INDEX', 'PIP_INDEX_URL']) {
    it(`is named as the cause when ${variable} names it`, async () => {
      const home = await homeWithUv(
        path.join(workspace.root, `unreachable-${variable.toLowerCase().replaceAll('_', '-')}`),
      );
      const folder = await workspace.writeProject(`unreachable-${variable.slice(0, 2).toLowerCase()}`, {
        'requirements.txt': 'packaging==24.0\n',
        'nb.ipynb': notebookOf(predictDouble, exampleCell),
      });
      const env = {
        ...withoutIndex(),
        [variable]: `http://user:hidden-word@127.0.0.1:${String(await closedPort())}/simple`,
        UV_HTTP_RETRIES: '0',
      };
      const result = await slipway(['deploy', folder, '--home', home, '--yes', '--json'], { env });
      assertFailed(result, 'IndexUnreachable', /could not be reached/);
      assert.doesNotMatch(result.stdout + result.stderr, /hidden-word/, 'the password of the index is shown');
    });
  }
});

function withoutIndex(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(UV_|PIP_)/.test(name)));
}

describe('a full disk', () => {
  const needsRoot =
    process.platform !== 'linux' || process.getuid?.() !== 0
      ? 'mounting a small file system needs root on Linux'
      : false;

  it('stops a deploy, and the release before it keeps answering', { skip: needsRoot }, async () => {
    const disk = path.join(workspace.root, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    try {
      // What every deploy shares lies elsewhere, so that the project and its packages are what fills this disk.
      const home = path.join(disk, 'home');
      await mkdir(home);
      for (const name of ['cache', 'tools', 'support'])
        await symlink(path.join(workspace.home, name), path.join(home, name));
      const folder = await workspace.writeProject('on-full-disk', plainProject([], { 'numbers.csv': 'a\n1\n' }));
      const deploy = (): Promise<CliResult> =>
        slipway(['deploy', folder, '--name', 'on-full-disk', '--home', home, '--yes', '--json']);
      const first = await deploy();
      assert.equal(first.exitCode, 0, first.stdout + first.stderr);

      // A project that is larger than what is left.
      await writeFile(
        path.join(folder, 'nb.ipynb'),
        notebookOf('open("numbers.csv").readline()', predictDouble, exampleCell),
      );
      await writeFile(path.join(folder, 'numbers.csv'), Buffer.alloc(64 * 1024 * 1024, '1\n'));
      assertFailed(await deploy(), 'DiskFull', /no space left/);

      // Packages that are larger than what is left.
      await writeFile(path.join(folder, 'numbers.csv'), 'a\n1\n');
      await writeFile(path.join(folder, 'requirements.txt'), 'numpy==2.2.6\n');
      assertFailed(await deploy(), 'DiskFull', /no space left/);

      const body = path.join(workspace.root, 'body.json');
      await writeFile(body, '{"inputs": [4]}');
      const answer = await slipway(['predict', 'on-full-disk', '--input', body, '--home', home, '--json']);
      assert.deepEqual(answer.json[0]?.['predictions'], [8], answer.stdout);
      assert.deepEqual((await slipway(['remove', 'on-full-disk', '--home', home, '--json'])).exitCode, 0);
      assert.deepEqual((await slipway(['models', '--home', home, '--json'])).json, []);
    } finally {
      await run('umount', ['--lazy', disk]);
    }
  });
});

describe('consent', () => {
  it('is required without a terminal, and nothing hangs or runs', async () => {
    const mark = path.join(workspace.root, 'executed');
    const folder = await workspace.writeProject(
      'unasked',
      plainProject([`open(${JSON.stringify(mark)}, "w").close()`]),
    );
    for (const json of [['--json'], []]) {
      const result = await slipway(['deploy', folder, '--home', workspace.home, ...json], { timeoutMs: 60_000 });
      assert.equal(result.exitCode, 1, result.stdout + result.stderr);
      assert.match(result.stdout + result.stderr, /ConsentRequired/);
      assert.match(result.stdout + result.stderr, /--yes/);
    }
    await assert.rejects(access(mark), { code: 'ENOENT' });
  });
});
