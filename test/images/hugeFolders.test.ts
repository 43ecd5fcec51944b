import assert from 'node:assert/strict';
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runTimed, type Timed } from '../bench/images/runTimed';
import { buildCli, cliProgram, errorOf, slipway } from '../support/cli';
import { openWorkspace, type Workspace } from '../support/workspace';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { pushSmallBase } from '../testbed/docker/smallBase';
import { runTool } from '../testbed/runTool';

const gigabyte = 2 ** 30;
const app = 'async def app(scope, receive, send):\n    ...\n';

describe('the image of a huge folder', { timeout: 15 * 60_000 }, () => {
  let registry: TestRegistry;
  let workspace: Workspace;
  let base: string;
  before(async () => {
    await buildCli();
    registry = await startRegistry();
    workspace = await openWorkspace({ target: 'local' });
    base = await pushSmallBase(registry.host);
  });
  after(async () => {
    await registry.stop();
    await workspace.close();
  });

  /** A project that is served as it is: nothing is solved or executed. */
  const project = (name: string, config = ''): Promise<string> =>
    workspace.writeProject(name, { 'app.py': app, 'slipway.yaml': `entry: app.py:app\n${config}` });

  const words = (folder: string, ...more: readonly string[]): readonly string[] => [
    ...['build', folder, '--registry', `${registry.host}/models/${path.basename(folder)}`, '--base', base],
    ...['--insecure', '--no-byte-code', '--json', '--yes', ...more],
  ];
  const built = (folder: string, home = workspace.home): Promise<Timed> =>
    runTimed(process.execPath, [cliProgram, ...words(folder, '--push', '--home', home)]);
  const lines = ({ stdout }: Timed): readonly Record<string, unknown>[] =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('holds a hundred thousand small files, in little memory', async () => {
    const folder = await project('many');
    for (let index = 0; index < 100; index++) {
      const part = path.join(folder, `part${index}`);
      await mkdir(part);
      await Promise.all(
        Array.from({ length: 1000 }, (_, file) => writeFile(path.join(part, `${file}.txt`), `${index} ${file}`)),
      );
    }
    const timed = await built(folder);
    const plan = lines(timed).find((one) => one['event'] === 'imagePlan')?.['plan'];
    const { layers } = plan as { readonly layers: readonly { kind: string; holds: readonly string[] }[] };
    const code = layers.find(({ kind }) => kind === 'code')?.holds ?? [];
    assert.equal(code.filter((name) => name.includes('/part')).length, 100_000);
    // Names, sizes and digests of all files are kept. What collections leave differs from run to run.
    assert.ok(timed.peak < 0.75 * gigabyte, `${timed.peak} bytes`);
    await rm(folder, { recursive: true });
  });

  it('leaves out a file of five gigabytes that nothing names, and says so', async () => {
    const folder = await project('forgotten');
    await writeFile(path.join(folder, 'dump.bin'), '');
    await truncate(path.join(folder, 'dump.bin'), 5 * gigabyte);
    const result = await slipway(words(folder, '--plan', '--home', workspace.home));
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /dump\.bin[^}]*5120 MB that no code names; list it under include/);
  });

  it('holds a large file in little memory', async () => {
    const folder = await project('weights', 'include: [weights.bin]\n');
    await writeFile(path.join(folder, 'weights.bin'), '');
    await truncate(path.join(folder, 'weights.bin'), gigabyte);
    const timed = await built(folder);
    assert.ok(timed.peak < 0.5 * gigabyte, `${timed.peak} bytes`);
    assert.equal(lines(timed).at(-1)?.['event'], 'built');
  });

  for (const [name, at] of [
    ['the cache of layers', 'cache/images'],
    ['everything that Slipway keeps', ''],
  ] as const)
    it(`says that the disk with ${name} is full, and leaves no tag and nothing half done`, async () => {
      const folder = await project(`full${at.length}`, 'include: [weights.bin]\n');
      await writeFile(path.join(folder, 'weights.bin'), Buffer.from(Array.from({ length: 12e6 }, (_, i) => i * i)));
      const home = path.join(workspace.root, `home-${at.length}`);
      const small = path.join(home, at);
      await mkdir(small, { recursive: true });
      await runTool('mount', ['-t', 'tmpfs', '-o', 'size=9m', 'slipway-test', small]);
      try {
        const result = await slipway(words(folder, '--push', '--home', home));
        const { code, remedy } = errorOf(result);
        assert.equal(code, 'DiskFull', result.stdout.slice(-1000) + result.stderr);
        assert.notEqual(remedy, undefined);
        const left = (await readdir(home, { recursive: true })).filter((one) => one.endsWith('.tmp'));
        assert.deepEqual(left, []);
      } finally {
        await runTool('umount', ['--lazy', small]);
      }
      const tags = await fetch(`http://${registry.host}/v2/models/${path.basename(folder)}/tags/list`);
      const named = tags.status === 404 ? null : ((await tags.json()) as { readonly tags: unknown }).tags;
      assert.equal(named, null);
    });
});
