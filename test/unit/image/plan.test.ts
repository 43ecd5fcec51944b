import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupWheels } from '../../../src/build/image/groupWheels';
import { imageConfig, imageManifest } from '../../../src/build/image/imageConfig';
import { planLayers, type ImageParts } from '../../../src/build/image/planLayers';
import { pythonForBase } from '../../../src/build/image/pythonForBase';
import { splitFiles } from '../../../src/build/image/splitFiles';
import { parseImageReference, formatImageReference, parsePlatform, parsePlatforms } from '../../../src/core/image';
import type { ImageConfig } from '../../../src/core/oci';
import { uvPlatform } from '../../../src/clients/python/selectWheels';
import { isUserError } from '../../../src/core/errors';

const megabyte = 1024 * 1024;
const code = (name: string) => (error: unknown) => isUserError(error) && error.code === name;

describe('image references', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['python:3.11-slim', 'docker.io/library/python:3.11-slim'],
    ['me/iris', 'docker.io/me/iris'],
    ['docker.io/me/iris:1', 'docker.io/me/iris:1'],
    ['localhost/iris', 'localhost/iris'],
    ['127.0.0.1:5000/a/b/c:v1.2', '127.0.0.1:5000/a/b/c:v1.2'],
    ['[::1]:5000/a', '[::1]:5000/a'],
    [`ghcr.io/a/b:tag@sha256:${'0'.repeat(64)}`, `ghcr.io/a/b@sha256:${'0'.repeat(64)}`],
  ];
  for (const [text, expected] of cases)
    it(`read ${text}`, () => {
      assert.equal(formatImageReference(parseImageReference(text)), expected);
    });
  for (const text of ['', 'ghcr.io/', 'ghcr.io/Me/iris', 'a:b:c', 'a@sha256:12', 'a b', 'ghcr.io/a//b', '../x', 'a:-x'])
    it(`refuse ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseImageReference(text), code('ImageReferenceInvalid'));
    });
  it('platforms are those that wheels exist for', () => {
    assert.deepEqual(parsePlatform('linux/arm64'), { os: 'linux', architecture: 'arm64' });
    for (const text of ['windows/amd64', 'linux', 'linux/arm/v7'])
      assert.throws(() => parsePlatform(text), code('PlatformInvalid'));
  });
  it('several platforms are each read once', () => {
    const [amd64, arm64] = [parsePlatform('linux/amd64'), parsePlatform('linux/arm64')];
    assert.deepEqual(parsePlatforms('linux/arm64, linux/amd64,linux/arm64'), [arm64, amd64]);
    assert.deepEqual(parsePlatforms(undefined), [amd64]);
    assert.throws(() => parsePlatforms('linux/amd64,'), code('PlatformInvalid'));
  });
});

describe('groups of wheels', () => {
  const wheel = (distribution: string, size = 1000) => ({ distribution, size });
  const small = Array.from({ length: 80 }, (_, index) => wheel(`small-${index}`));

  it('give large wheels a layer each, and few layers in all', () => {
    const large = Array.from({ length: 50 }, (_, index) => wheel(`large-${index}`, (3 + index) * megabyte));
    const groups = groupWheels([...small, ...large]);
    assert.equal(groups.flat().length, 130);
    assert.ok(groups.length <= 40, String(groups.length));
  });

  it('change one group at most when a small wheel is added, whatever the order', () => {
    const before = groupWheels(small).map((group) => JSON.stringify(group));
    const after = groupWheels([wheel('added'), ...[...small].reverse()]).map((group) => JSON.stringify(group));
    assert.equal(after.filter((group) => !before.includes(group)).length, 1);
  });
});

describe('files of a bundle', () => {
  it('are split so that code goes alone', () => {
    const file = (path: string, size: number) => ({ path, size });
    const weights = file('artifact/buffers/a', 20 * megabyte);
    const table = file('project/table.csv', megabyte);
    const notes = file('project/lib/big.py', 300_000);
    const pickle = file('artifact/snapshot.pkl', 2 * megabyte);
    const model = file('project/model.pkl', 11 * megabyte);
    const fetched = file('artifact/hubs/huggingface/models--a--b/snapshots/1/config.json', 900);
    assert.deepEqual(splitFiles([table, weights, notes, pickle, model, fetched]), {
      data: [[weights], [model], [table, fetched]],
      code: [notes, pickle],
    });
  });
});

describe('the Python of an image', () => {
  it('is that of the base when the project allows it', () => {
    const from = { version: '3.11', source: 'base image b' };
    assert.deepEqual(pythonForBase({ source: 'nothing' }, 'b', '3.11'), from);
    assert.deepEqual(pythonForBase({ version: '3.8', source: 'notebook metadata', isTrace: true }, 'b', '3.11'), from);
    assert.deepEqual(pythonForBase({ specifier: '>=3.10,<3.12', source: 'pyproject.toml' }, 'b', '3.11'), from);
    assert.deepEqual(pythonForBase({ specifier: '>=3.11.4', source: 'pyproject.toml' }, 'b', '3.11'), from);
    for (const required of [
      { version: '3.12', source: 'slipway.yaml' },
      { specifier: '<3.11', source: 'pyproject.toml' },
    ])
      assert.throws(() => pythonForBase(required, 'b', '3.11'), code('BasePythonMismatch'));
  });
  it('is named to uv with the glibc of the base', () => {
    const target = { minor: '3.11', architecture: 'arm64' };
    assert.equal(uvPlatform({ ...target, glibc: [2, 36] }), 'aarch64-manylinux_2_36');
    assert.equal(uvPlatform({ ...target, glibc: [2, 29] }), 'aarch64-manylinux_2_28');
    assert.equal(uvPlatform({ ...target, glibc: [2, 99] }), 'aarch64-manylinux_2_40');
    assert.equal(uvPlatform({ ...target, architecture: 'amd64', glibc: undefined }), 'x86_64-unknown-linux-musl');
    assert.throws(() => uvPlatform({ ...target, glibc: [2, 12] }), code('BaseTooOld'));
  });
});

describe('an image', () => {
  const base: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/bin', 'LANG=C.UTF-8'], Cmd: ['bash'], Labels: { vendor: 'them' } },
    rootfs: { type: 'layers', diff_ids: ['sha256:base'] },
    history: [{ created_by: 'debian' }],
  };
  const layer = { mediaType: 'm', digest: 'sha256:l', diffId: 'sha256:d', size: 2, unpacked: 3 };
  const facts = {
    model: 'iris',
    base: 'r/b@sha256:x',
    baseDigest: 'sha256:x',
    bundle: 'sha256:bundle',
    lock: 'sha256:lock',
    layers: [{ layer, title: 'code' }],
  };

  it('stands on its base, runs as nobody, and tells neither time nor person', () => {
    const config = imageConfig(base, facts);
    assert.deepEqual(config.rootfs.diff_ids, ['sha256:base', 'sha256:d']);
    assert.equal(config.created, '1970-01-01T00:00:00Z');
    const { Cmd, Env = [], User = '', Labels = {} } = config.config ?? {};
    assert.equal(Cmd, undefined);
    assert.ok(Env.includes('PATH=/opt/slipway/venv/bin:/usr/bin') && Env.includes('LANG=C.UTF-8'), Env.join(' '));
    assert.match(User, /^[1-9]\d*:[1-9]\d*$/);
    assert.deepEqual([Labels['org.opencontainers.image.base.digest'], Labels['vendor']], ['sha256:x', 'them']);
    assert.deepEqual(imageConfig(base, facts), config);
  });

  it("turns Docker's layer types into the OCI's", () => {
    const docker = { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: 'sha256:b', size: 1 };
    const manifest = imageManifest([docker], [layer], { digest: 'sha256:c', size: 9 });
    assert.deepEqual(
      manifest.layers.map((one) => one.mediaType),
      ['application/vnd.oci.image.layer.v1.tar+gzip', 'm'],
    );
  });

  it('has byte code in layers of its own, or none', () => {
    const wheel = { distribution: 'a', version: '1', name: 'a.whl', url: 'file:///a.whl', sha256: 'h', size: 1 };
    const parts: ImageParts = {
      base: { python: '/usr/bin/python3.11', minor: '3.11', libc: { kind: 'musl' } },
      packages: [wheel],
      support: [],
      server: [],
      bundle: [],
      library: { folder: '/cache/base', path: 'usr/lib/python3.11', files: ['os.py'], base: 'sha256:1' },
      byteCode: true,
    };
    const kinds = (byteCode: boolean) => planLayers({ ...parts, byteCode }).map((recipe) => recipe.kind);
    assert.deepEqual(kinds(false), ['files', 'wheels', 'files', 'files']);
    assert.deepEqual(kinds(true), ['files', 'library', 'wheels', 'byteCode', 'files', 'byteCode', 'files']);
  });
});
