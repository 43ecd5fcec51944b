import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Registry } from '../../src/clients/registry/connection';
import { putManifest } from '../../src/clients/registry/push';
import { mediaTypes, type ImageIndex, type ImageManifest } from '../../src/core/oci';
import { RegistryExplorer } from '../../src/pipeline/exploreRegistry';
import { planImageOnly } from '../../src/pipeline/planImageOnly';
import { askContainer, startContainer } from '../support/containers';
import { failure } from '../support/failure';
import { plainProject } from '../support/plainProject';
import { recordingHost } from '../support/recordingHost';
import { pushBase } from '../testbed/docker/baseImage';
import { pushSmallBase } from '../testbed/docker/smallBase';
import { openImageBench, type ImageBench } from './imageBench';

const both = 'linux/amd64,linux/arm64';

describe('an image for several platforms', { timeout: 10 * 60_000 }, () => {
  let bench: ImageBench;
  let base: string;
  let folder: string;
  let image: string;
  before(async () => {
    bench = await openImageBench();
    const { host } = bench.registry;
    await pushBase(host, process.env['SLIPWAY_TEST_BASE'] ?? '', 'base/both:amd64');
    await pushSmallBase(host, { name: 'base/both:arm64', minor: '3.11', architecture: 'arm64' });
    base = await pushIndex('base/both', 'index', ['amd64', 'arm64']);
    folder = await bench.workspace.writeProject('plain', {
      ...plainProject(),
      'requirements.txt': 'markupsafe==3.0.2\nsix==1.17.0\n',
      'slipway.yaml': 'python: "3.11"\n',
    });
  });
  after(async () => {
    await bench.close();
  });

  /** An index of images that lie in a repository already. */
  async function pushIndex(repository: string, tag: string, architectures: readonly string[]): Promise<string> {
    const { host } = bench.registry;
    const manifests = await Promise.all(
      architectures.map(async (architecture) => {
        const { digest, text } = await document(repository, architecture);
        const platform = { os: 'linux', architecture };
        return { mediaType: mediaTypes.dockerManifest, digest, size: Buffer.byteLength(text), platform };
      }),
    );
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
    const registry = new Registry(host, { insecure: true });
    await putManifest(registry, repository, tag, { mediaType: mediaTypes.index, content }, bench.workspace.signal);
    return `${host}/${repository}:${tag}`;
  }

  async function document(
    repository: string,
    name: string,
  ): Promise<{ readonly digest: string; readonly text: string }> {
    const accept = [mediaTypes.index, mediaTypes.manifest, mediaTypes.dockerManifest].join(', ');
    const answer = await fetch(`http://${bench.registry.host}/v2/${repository}/manifests/${name}`, {
      headers: { accept },
    });
    assert.equal(answer.status, 200, `${repository}:${name}`);
    return { digest: answer.headers.get('docker-content-digest') ?? '', text: await answer.text() };
  }

  const digestIn = (reference: string): string => reference.split('@')[1] ?? '';

  it('is an index whose images hold the packages of their platforms', async () => {
    const built = await bench.build(folder, 'models/plain:v1', { base, platform: both });
    assert.deepEqual(Object.keys(built), ['image', 'uploadedBytes', 'requests', 'ms']);
    ({ image } = built);
    const tagged = await document('models/plain', 'v1');
    assert.equal(tagged.digest, digestIn(image));
    const index = JSON.parse(tagged.text) as ImageIndex;
    assert.equal(index.mediaType, mediaTypes.index);
    const platforms = index.manifests.map(({ platform }) => platform);
    assert.deepEqual(platforms, [
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ]);
    const names = await Promise.all(index.manifests.map(({ digest }) => filesOf(digest)));
    const compiled = (files: string): string | undefined => /_speedups\.cpython-311-(\w+)-linux-gnu/.exec(files)?.[1];
    assert.deepEqual(names.map(compiled), ['x86_64', 'aarch64']);
    const [amd64] = index.manifests;
    const single = await bench.build(folder, 'models/single', { base });
    assert.equal(digestIn(single.image), amd64?.digest);
    const again = await bench.build(folder, 'models/plain:v1', { base, platform: both });
    assert.equal(again.image, image);
    assert.ok(Number(again.uploadedBytes) < 1_000_000, JSON.stringify(again));
  });

  /** Everything that stands in the layers of an image, but those of its base. */
  async function filesOf(digest: string): Promise<string> {
    const { layers } = JSON.parse((await document('models/plain', digest)).text) as ImageManifest;
    const contents = await Promise.all(
      layers.slice(1).map(async (layer) => {
        const blob = await fetch(`http://${bench.registry.host}/v2/models/plain/blobs/${layer.digest}`);
        return gunzipSync(Buffer.from(await blob.arrayBuffer())).toString('latin1');
      }),
    );
    return contents.join('');
  }

  it('runs on an engine, which takes the image of its platform', async () => {
    const container = await startContainer(bench.engine, bench.seenByEngine(image));
    const answers = await askContainer(bench.engine, container, 'plain', { inputs: [1, 2] });
    assert.deepEqual(answers.invocations.predictions, [2, 4]);
    await bench.engine.docker('rm', '--force', container);
  });

  it('is shown with the layers of each platform, and those of both once', async () => {
    const explorer = new RegistryExplorer(bench.workspace.services, [bench.registry.host]);
    const { items } = await explorer.tags(bench.registry.host, 'models/plain', undefined, bench.workspace.signal);
    const [tag] = items;
    assert.equal(tag?.model, 'plain');
    assert.equal(tag.digest, digestIn(image));
    const platforms = new Set(tag.layers.map(({ platform }) => platform));
    assert.deepEqual([...platforms].sort(), ['linux/amd64', 'linux/arm64', undefined]);
    assert.equal(new Set(tag.layers.map(({ digest }) => digest)).size, tag.layers.length);
  });

  it('is written as an OCI layout that holds all of it', async () => {
    const layout = path.join(bench.workspace.root, 'layout');
    await bench.build(folder, `oci:${layout}`, { base, platform: both });
    const read = async <Document>(digest: string): Promise<Document> =>
      JSON.parse(await readFile(path.join(layout, 'blobs', digest.replace(':', '/')), 'utf8')) as Document;
    const top = JSON.parse(await readFile(path.join(layout, 'index.json'), 'utf8')) as ImageIndex;
    assert.equal(top.manifests[0]?.digest, digestIn(image));
    const { manifests } = await read<ImageIndex>(digestIn(image));
    assert.equal(manifests.length, 2);
    for (const { digest } of manifests) {
      const { layers, config } = await read<ImageManifest>(digest);
      for (const blob of [...layers, config])
        assert.equal((await readFile(path.join(layout, 'blobs', blob.digest.replace(':', '/')))).length, blob.size);
    }
  });

  it('has a plan for each', async () => {
    const request = {
      path: folder,
      to: undefined,
      base,
      insecure: [bench.registry.host],
      byteCode: true,
      platform: both,
    };
    const { plans } = await planImageOnly(bench.workspace.services, recordingHost(), request, bench.workspace.signal);
    assert.deepEqual(
      plans.map((plan) => plan.platform),
      ['linux/amd64', 'linux/arm64'],
    );
  });

  it('is refused before anything is executed where its base lacks one, and leaves no tag', async () => {
    const only = `${bench.registry.host}/base/both:amd64`;
    const host = recordingHost();
    const attempt = bench.build(folder, 'models/lacking', { base: only, platform: both, host, retrain: true });
    await failure(attempt, 'PlatformMissing', /does not exist for linux\/arm64, only for linux\/amd64/);
    assert.ok(!host.events.some((event) => event.event === 'step' && event.step === 'train'));
    const tags = await fetch(`http://${bench.registry.host}/v2/models/lacking/tags/list`);
    assert.equal(tags.status, 404);
  });

  it('is refused where one platform is all that can be written', async () => {
    const file = path.join(bench.workspace.root, 'image.tar');
    const refused = (options: object, to = `docker:${file}`): Promise<unknown> =>
      failure(
        bench.build(folder, to, { base, platform: both, ...options }),
        'PlatformsUnsupported',
        /several were named/,
      );
    await refused({});
    await refused({ builder: 'docker' }, 'models/engine');
    await failure(
      bench.build(folder, 'models/plain', { platform: 'linux/amd64,linux/riscv64' }),
      'PlatformInvalid',
      /riscv64/,
    );
  });
});
