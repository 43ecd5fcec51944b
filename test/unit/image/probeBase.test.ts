import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { probeBase, type BaseFacts, type ProbedBase } from '../../../src/build/image/probeBase';
import { paddingOf, tarEnd, tarHeader, type TarEntry } from '../../../src/build/image/tar';
import { sha256 } from '../../../src/clients/registry/blob';
import type { ImageConfig } from '../../../src/core/oci';
import { failure } from '../../support/failure';

/** Contents of files by path; `-> target` makes a link. */
type Tree = Readonly<Record<string, string>>;

const glibc = 'x'.repeat(300_000) + 'GNU C Library (Debian GLIBC 2.36-9+deb12u7) stable release version 2.36.\n';
const debian: Tree = {
  bin: '-> usr/bin',
  'usr/bin/python3': '-> python3.11',
  'usr/bin/python3.11': 'ELF',
  'usr/lib/x86_64-linux-gnu/libc.so.6': glibc,
};

function layerOf(tree: Tree): Buffer {
  const parts = Object.entries(tree).flatMap(([path, text]) => {
    const entry: TarEntry = text.startsWith('-> ')
      ? { kind: 'link', path, target: text.slice(3) }
      : { kind: 'file', path, size: text.length, executable: true };
    const content = entry.kind === 'link' ? '' : text;
    return [tarHeader(entry), Buffer.from(content), Buffer.alloc(paddingOf(content.length))];
  });
  return gzipSync(Buffer.concat([...parts, tarEnd]));
}

async function probe(trees: readonly Tree[], path?: string, damage?: boolean): Promise<BaseFacts> {
  return (await probeAll(trees, path, damage)).facts;
}

function probeAll(trees: readonly Tree[], path = '/usr/local/bin:/usr/bin:/bin', damage = false): Promise<ProbedBase> {
  const blobs = trees.map(layerOf);
  const layers = blobs.map((blob) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: damage ? sha256(Buffer.from('other')) : sha256(blob),
    size: blob.length,
  }));
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: [`PATH=${path}`] },
    rootfs: { type: 'layers', diff_ids: [] },
  };
  const open = (layer: { digest: string; size: number }): Promise<AsyncIterable<Buffer>> =>
    Promise.resolve(inPieces(blobs[layers.findIndex((one) => one.size === layer.size)] ?? Buffer.alloc(0)));
  return probeBase('base:1', config, layers, open, new AbortController().signal);
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield await Promise.resolve(bytes.subarray(at, at + 1000));
}

describe('what a base image offers', () => {
  const known: Readonly<Record<string, readonly [readonly Tree[], BaseFacts]>> = {
    'Debian with its own Python': [
      [debian],
      { python: '/usr/bin/python3.11', minor: '3.11', libc: { kind: 'glibc', version: [2, 36] } },
    ],
    "Python's official image, where PATH decides": [
      [debian, { 'usr/local/bin/python3': '-> python3.13', 'usr/local/bin/python3.13': 'ELF' }],
      { python: '/usr/local/bin/python3.13', minor: '3.13', libc: { kind: 'glibc', version: [2, 36] } },
    ],
    'a Python that a later layer deletes': [
      [
        debian,
        { 'usr/local/bin/python3': '-> python3.13', 'usr/local/bin/python3.13': 'ELF' },
        { 'usr/local/.wh.bin': '' },
      ],
      { python: '/usr/bin/python3.11', minor: '3.11', libc: { kind: 'glibc', version: [2, 36] } },
    ],
    'links by absolute paths and through merged folders': [
      [
        {
          bin: '-> usr/bin',
          'opt/py/bin/python3': '-> /bin/python3.12',
          'usr/bin/python3.12': 'ELF',
          'lib/x86_64-linux-gnu/libc-2.31.so': 'ELF',
          'lib/x86_64-linux-gnu/libc.so.6': '-> libc-2.31.so',
        },
      ],
      { python: '/usr/bin/python3.12', minor: '3.12', libc: { kind: 'glibc', version: [2, 31] } },
    ],
    Alpine: [
      [{ 'usr/bin/python3': '-> python3.12', 'usr/bin/python3.12': 'ELF', 'lib/ld-musl-x86_64.so.1': 'ELF' }],
      { python: '/usr/bin/python3.12', minor: '3.12', libc: { kind: 'musl' } },
    ],
  };
  for (const [name, [trees, expected]] of Object.entries(known))
    it(`is told of ${name}`, async () => {
      assert.deepEqual(await probe(trees, '/opt/py/bin:/usr/local/bin:/usr/bin:/bin'), expected);
    });

  const stdlib: Tree = {
    'usr/lib/python3.11/os.py': 'os',
    'usr/lib/python3.11/json/__init__.py': 'json',
    'usr/lib/python3.11/dist-packages/pip.py': 'pip',
    'usr/lib/python3.11/test/test_os.py': 'test',
    'usr/lib/python3.11/../../../etc/out.py': 'out',
    'usr/lib/python3.11/sitecustomize.py': '-> /etc/python3.11/sitecustomize.py',
    'usr/lib/python3.9/os.py': 'old',
  };

  it('has a standard library, of which what is not compiled is kept', async () => {
    const changed = { 'usr/lib/python3.11/.wh.json': '', 'usr/lib/python3.11/os.py': 'other os' };
    const { facts, modules } = await probeAll([debian, stdlib, changed]);
    assert.deepEqual(facts.library, { folder: 'usr/lib/python3.11', files: ['os.py'] });
    assert.deepEqual([...modules].map(String), ['os.py,other os']);
    const both = await probe([debian, stdlib]);
    assert.deepEqual(both.library?.files, ['json/__init__.py', 'os.py']);
  });

  it('leaves a standard library alone that is compiled', async () => {
    const compiled = {
      'usr/lib/python3.11/__pycache__/os.cpython-311.pyc': 'x',
      'usr/lib/python3.11/json/__pycache__/__init__.cpython-311.pyc': 'x',
    };
    assert.equal((await probe([debian, stdlib, compiled])).library, undefined);
    const again = { 'usr/lib/python3.11/json/.wh.__pycache__': '' };
    assert.deepEqual((await probe([debian, stdlib, compiled, again])).library?.files, ['json/__init__.py']);
  });

  it('must be a Python, a known C library, and what the digest says', async () => {
    await failure(probe([{ 'usr/bin/perl': 'ELF' }]), 'BasePythonMissing', /no Python 3/);
    await failure(probe([{ 'usr/bin/python3': '-> python3' }]), 'BasePythonMissing', /no Python 3/);
    await failure(
      probe([{ 'usr/bin/python3': '-> python3.11', 'usr/bin/python3.11': '' }]),
      'BaseLibcUnknown',
      /glibc/,
    );
    await failure(probe([debian], undefined, true), 'ImageDamaged', /digest/);
  });
});
