import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { RegistryExplorer } from '../../src/pipeline/exploreRegistry';
import { forgetPush } from '../../src/pipeline/pushedImages';
import type { ImageTag } from '../../src/core/registry';
import { releasesOf } from '../../src/tree/releasesOf';
import { buildCli, slipway } from '../support/cli';
import { askContainer, askEndpoint, startContainer } from '../support/containers';
import { editCell } from '../support/notebooks';
import { openWorkspace, repository } from '../support/workspace';
import { openImageBench, type ImageBench } from './imageBench';

const megabyte = 1_000_000;

/** What people keep beside their notebooks and never want in an image. */
const planted: Readonly<Record<string, string>> = {
  '.env': 'TOKEN=planted',
  '.env.production': 'TOKEN=planted',
  'keys/id_rsa': 'planted',
  kubeconfig: 'token: planted',
  '.git/config': 'planted',
  '.venv/pyvenv.cfg': 'home = planted',
};

describe('the image of examples/iris', { timeout: 15 * 60_000 }, () => {
  let bench: ImageBench;
  let folder: string;
  let example: unknown;
  let image: string;
  before(async () => {
    await buildCli();
    bench = await openImageBench();
    folder = await bench.workspace.copyProject(path.join(repository, 'examples', 'iris'));
    for (const [name, text] of Object.entries(planted)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    example = JSON.parse(await readFile(path.join(folder, 'example.json'), 'utf8'));
  });
  after(async () => {
    await bench.close();
  });

  it('build PATH --registry HOST/REPOSITORY --base REF --insecure --push --json', async () => {
    const result = await slipway([
      ...['build', folder, '--registry', `${bench.registry.host}/models/iris`, '--base', bench.base, '--insecure'],
      ...['--platform', 'linux/amd64', '--push', '--json', '--yes', '--home', bench.workspace.home],
    ]);
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const last = result.json.at(-1) ?? {};
    assert.deepEqual(Object.keys(last), ['event', 'image', 'uploadedBytes', 'requests', 'ms']);
    assert.equal(last['event'], 'built');
    image = String(last['image']);
    const [name, digest = ''] = image.split('@');
    assert.equal(name, `${bench.registry.host}/models/iris`);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const manifest = await fetch(`http://${bench.registry.host}/v2/models/iris/manifests/${digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    assert.equal(manifest.status, 200);
  });

  it('answers as the local target does: any user, read-only, without a network', async () => {
    const model = await bench.workspace.deploy({ path: folder });
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'iris', example);
    assert.deepEqual(answers, await askEndpoint(model.endpoint ?? '', 'iris', example));
    assert.deepEqual(answers.invocations.predictions, ['setosa', 'versicolor', 'virginica']);
    const ended = performance.now();
    await bench.engine.docker('stop', '--time', '30', container);
    assert.ok(performance.now() - ended < 20_000, 'the server ignored that it was told to end');
    const code = await bench.engine.docker('inspect', '--format', '{{.State.ExitCode}}', container);
    assert.equal(code.trim(), '0');
  });

  it('is known to be the release of this machine that it is', async () => {
    const model = await bench.workspace.model('iris');
    const find = async (): Promise<ImageTag | undefined> => {
      const explorer = new RegistryExplorer(bench.workspace.services, [bench.registry.host]);
      const { items } = await explorer.tags(bench.registry.host, 'models/iris', undefined, bench.workspace.signal);
      return items[0];
    };
    const tag = await find();
    assert.ok(tag && model);
    assert.deepEqual(releasesOf([{ targetId: 'local', models: [model] }], tag), [
      { targetId: 'local', name: 'iris', version: 1 },
    ]);
    // Whoever pushed it from elsewhere left no trace here but what it holds.
    await forgetPush(bench.workspace.services.home, {
      registry: bench.registry.host,
      repository: 'models/iris',
      digest: tag.digest,
    });
    assert.equal((await find())?.project, folder);
  });

  it('holds a real environment', async () => {
    const inside = (...args: string[]): Promise<string> =>
      bench.engine.docker('run', '--rm', '--entrypoint', 'python', bench.seenByEngine(image), ...args);
    const listed = JSON.parse(await inside('-m', 'pip', 'list', '--format', 'json')) as readonly { name: string }[];
    const names = listed.map((one) => one.name);
    for (const name of ['numpy', 'pandas', 'scikit-learn', 'pip']) assert.ok(names.includes(name), names.join(' '));
    assert.ok(!names.includes('uvicorn'), "the server's packages stand in the user's environment");
    assert.match(await inside('-m', 'pip', 'check'), /No broken requirements/);
    const cached = await inside('-c', 'import sklearn; print(sklearn.__cached__)');
    assert.match(cached, /^\/opt\/slipway\/venv\/lib\/python3\.11\/site-packages\/sklearn\/__pycache__\//);
    const told = `import subprocess, sys
run = [sys.executable, '-v', '-c', 'import sklearn.linear_model, json, asyncio']
print(subprocess.run(run, stderr=subprocess.PIPE, text=True, check=True).stderr)`;
    const loaded = (await inside('-c', told)).split('\n').filter((line) => line.includes('code object from'));
    const compiledAnew = loaded.filter((line) => !/\.pyc'?$/.test(line));
    assert.ok(loaded.length > 500 && compiledAnew.length < 3, compiledAnew.join('\n'));
    const scripts = await bench.engine.docker(
      ...['run', '--rm', '--entrypoint', 'f2py', bench.seenByEngine(image), '-v'],
    );
    assert.match(scripts, /^\d+\.\d+/);
  });

  it('holds no secret that lies in the project', async () => {
    const list = await bench.engine.docker(
      ...['run', '--rm', '--entrypoint', 'find', bench.seenByEngine(image), '/opt/slipway/bundle', '-type', 'f'],
    );
    assert.match(list, /\/opt\/slipway\/bundle\/bundle\.json/);
    for (const name of Object.keys(planted)) assert.ok(!list.includes(path.basename(name)), list);
  });

  it('pushes less than 1 MB in fewer than 10 requests after an edited cell', async () => {
    await editCell(path.join(folder, 'iris.ipynb'), 'predict', 'str(species[index])', 'f"iris {species[index]}"');
    const built = await bench.build(folder, 'models/iris');
    assert.notEqual(built.image, image);
    const { uploadedBytes, requests } = built;
    assert.ok(Number(uploadedBytes) < megabyte && Number(requests) < 10, JSON.stringify(built));
    const container = await startContainer(bench.engine, bench.seenByEngine(built.image));
    const answers = await askContainer(bench.engine, container, 'iris', example);
    assert.deepEqual(answers.invocations.predictions, ['iris setosa', 'iris versicolor', 'iris virginica']);
    image = built.image;
  });

  it('has the same digest from another home and another folder', async () => {
    // What a training left before the edit is the same to who asks it, but not byte by byte.
    image = (await bench.build(folder, 'models/iris', { retrain: true })).image;
    const other = await openWorkspace({ target: 'local' });
    try {
      const copy = await other.copyProject(folder, 'elsewhere');
      const built = await bench.build(copy, 'models/iris', { workspace: other, name: 'iris' });
      assert.equal(built.image, image);
    } finally {
      await other.close();
    }
  });

  it('is written as an OCI layout and for docker load, by the same digest', async () => {
    const layout = path.join(bench.workspace.root, 'layout');
    const built = await bench.build(folder, `oci:${layout}`);
    assert.equal(built.image, `oci:${layout}`);
    const index = JSON.parse(await readFile(path.join(layout, 'index.json'), 'utf8')) as {
      manifests: readonly { digest: string }[];
    };
    assert.equal(index.manifests[0]?.digest, image.split('@')[1]);
    assert.deepEqual((await readdir(layout)).sort(), ['blobs', 'index.json', 'oci-layout']);
    const file = path.join(bench.workspace.root, 'image.tar');
    await bench.build(folder, `docker:${file}`);
    assert.match(await bench.engine.docker('load', '--input', file), /Loaded image: iris:slipway/);
    const container = await startContainer(bench.engine, 'iris:slipway');
    const answers = await askContainer(bench.engine, container, 'iris', example);
    assert.deepEqual(answers.invocations.predictions, ['iris setosa', 'iris versicolor', 'iris virginica']);
  });
});
