import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exists } from '../../../src/clients/files/contentStore';
import { askGit } from '../../../src/clients/process/git';
import { readGitState } from '../../../src/pipeline/gitState';
import { asOf } from '../../../src/project/asOf';
import { inspectorProgram, inspectTools } from '../../../src/project/tools';

const never = new AbortController().signal;

describe('git', () => {
  let root: string;
  let folder: string;
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
    });
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'slw-git-'));
    folder = path.join(root, 'repository');
    await mkdir(path.join(folder, 'models'), { recursive: true });
    git('init', '--quiet', '--initial-branch', 'main');
    await writeFile(path.join(folder, 'models/a.py'), 'x = 1\n');
    git('add', '.');
    git('commit', '--quiet', '--date', '2024-05-06T07:08:09Z', '-m', 'first');
  });
  after(() => rm(root, { recursive: true, force: true }));

  it('is asked in a repository and in its folders only', async () => {
    const commit = git('rev-parse', 'HEAD').trim();
    assert.equal((await askGit(['rev-parse', 'HEAD'], path.join(folder, 'models'), never))?.trim(), commit);
    assert.equal(await askGit(['--version'], root, never), undefined);
    assert.deepEqual(await readGitState(folder, never), { commit, branch: 'main', dirty: false });
    assert.equal(await readGitState(root, never), null);
  });

  it('tells when a file was changed last, unless it was changed since', async () => {
    const tools = inspectTools(inspectorProgram('python3', root));
    const lastChange = async (): Promise<unknown> =>
      (await asOf(folder, 'models/a.py', undefined, {}, tools, never))?.source;
    assert.equal(await lastChange(), 'git');
    await writeFile(path.join(folder, 'models/a.py'), 'x = 2\n');
    assert.equal(await lastChange(), 'file');
    assert.equal((await readGitState(folder, never))?.dirty, true);
  });

  it('runs no program that a repository names to watch its files', async () => {
    const marker = path.join(root, 'ran');
    const program = path.join(folder, 'watch.sh');
    await writeFile(program, `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    git('config', 'core.fsmonitor', program);
    assert.ok(await readGitState(folder, never));
    assert.equal(await exists(marker), false);
    // The repository would have it run.
    git('status');
    assert.equal(await exists(marker), true);
  });
});
