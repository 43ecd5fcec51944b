import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createGunzip } from 'node:zlib';
import { readTar } from '../../src/build/image/readTar';
import { buildCli, slipway, type CliResult } from '../support/cli';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { pushSmallBase } from '../testbed/docker/smallBase';
import { requireProgram } from '../testbed/program';

const app = `async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
`;
const bundle = 'opt/slipway/bundle/project/';

describe('the image of an odd folder', { timeout: 10 * 60_000 }, () => {
  let registry: TestRegistry;
  let workspace: Workspace;
  let base: string;
  const servers: Server[] = [];
  before(async () => {
    await buildCli();
    registry = await startRegistry();
    workspace = await openWorkspace({ target: 'local' });
    base = await pushSmallBase(registry.host);
  });
  after(async () => {
    for (const server of servers) server.close();
    await registry.stop();
    await workspace.close();
  });

  /** A project that is served as it is: nothing is solved or executed. */
  const project = (name: string, files: Readonly<Record<string, string>>): Promise<string> =>
    workspace.writeProject(name, { 'app.py': app, 'slipway.yaml': 'entry: app.py:app\n', ...files });

  async function build(folder: string): Promise<Build> {
    const layout = `${folder}.oci`;
    const result = await slipway([
      ...['build', folder, '--output', `oci:${layout}`, '--base', base, '--insecure', '--no-byte-code'],
      ...['--json', '--yes', '--home', workspace.home],
    ]);
    const contents = result.exitCode === 0 ? await contentsOf(layout) : new Map<string, string>();
    return { result, contents, files: [...contents.keys()] };
  }

  it('has names with line ends, quotes and other alphabets as they are', async () => {
    const names = [
      'two\nlines.txt',
      '"quoted" $(touch pwned) `x`.txt',
      'наука/データ.txt',
      `${'long/'.repeat(60)}end.txt`,
    ];
    const folder = await project('names', Object.fromEntries(names.map((name) => [name, name])));
    const { result, files } = await build(folder);
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    for (const name of names) assert.ok(files.includes(bundle + name), JSON.stringify([name, files]));
  });

  it('leaves out, and names, what is no file: loops, sockets, pipes and names that are no text', async () => {
    const folder = await project('kinds', { 'kept.txt': 'kept' });
    await symlink('.', path.join(folder, 'loop'));
    await symlink('second', path.join(folder, 'first'));
    await symlink('first', path.join(folder, 'second'));
    await symlink('/etc', path.join(folder, 'outside'));
    execFileSync(requireProgram('mkfifo'), [path.join(folder, 'pipe')]);
    await writeFile(
      Buffer.concat([Buffer.from(`${folder}/bytes-`), Buffer.from([0xff, 0xfe]), Buffer.from('.txt')]),
      '',
    );
    const server = createServer().listen(path.join(folder, 'socket'));
    servers.push(server);
    await once(server, 'listening');
    const { result, files } = await build(folder);
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const own = files.filter((file) => file.startsWith(bundle)).map((file) => file.slice(bundle.length));
    assert.deepEqual(own, ['app.py', 'kept.txt', 'slipway.yaml']);
    const event = result.json.find((one) => one['event'] === 'imagePlan');
    const { leftOut } = event?.['plan'] as { readonly leftOut: readonly { readonly path: string }[] };
    const named = leftOut.map((one) => one.path);
    for (const name of ['first', 'loop', 'outside', 'second', 'bytes-\ufffd\ufffd.txt'])
      assert.ok(named.includes(name), `${name}: ${named.join(' ')}`);
  });

  it('holds no secret of the folder, nor of what a notebook has printed', async () => {
    const secret = 'planted-5f1c';
    const files = plainProject(['import os', `key = os.environ.get("KEY", "")`]);
    const notebook = JSON.parse(files['nb.ipynb'] ?? '') as { cells: { outputs: unknown[] }[] };
    notebook.cells[1]?.outputs.push({ output_type: 'stream', name: 'stdout', text: [`token ${secret}\n`] });
    const folder = await workspace.writeProject('secrets', {
      ...files,
      'nb.ipynb': JSON.stringify(notebook),
      '.env': `KEY=${secret}`,
      '.env.production': `KEY=${secret}`,
      'deploy/id_rsa': secret,
      kubeconfig: `token: ${secret}`,
      '.git/config': secret,
      '.ipynb_checkpoints/nb-checkpoint.ipynb': secret,
      '.netrc': `password ${secret}`,
      'keys/server.pem': `-----BEGIN PRIVATE KEY-----\n${secret}`,
    });
    const { result, contents } = await build(folder);
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    assert.ok(contents.size > 50);
    for (const [name, text] of contents) assert.ok(!text.includes(secret), name);
  });
});

interface Build {
  readonly result: CliResult;
  /** Of all layers, by path. */
  readonly contents: ReadonlyMap<string, string>;
  readonly files: readonly string[];
}

/** What the files in the layers of an OCI layout hold. */
async function contentsOf(layout: string): Promise<ReadonlyMap<string, string>> {
  const blob = (digest: string): string => path.join(layout, 'blobs', ...digest.split(':'));
  const json = async (file: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const index = await json(path.join(layout, 'index.json'));
  const [manifest] = index['manifests'] as readonly { readonly digest: string }[];
  const { layers } = await json(blob(manifest?.digest ?? ''));
  const found = new Map<string, string>();
  for (const { digest } of layers as readonly { readonly digest: string }[])
    for await (const entry of readTar(createReadStream(blob(digest)).pipe(createGunzip()))) {
      if (entry.type !== 'file') continue;
      const pieces: Buffer[] = [];
      for await (const piece of entry.content()) pieces.push(piece);
      found.set(entry.path, Buffer.concat(pieces).toString('latin1'));
    }
  return found;
}
