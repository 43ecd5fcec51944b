import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dockerfileContext, type DockerfileParts } from '../../../src/build/docker/dockerfile';

const parts: DockerfileParts = {
  facts: { model: 'iris', base: 'r/b@sha256:x', baseDigest: 'sha256:x', bundle: 'sha256:b', lock: 'sha256:l' },
  base: { python: '/usr/bin/python3.11', minor: '3.11', libc: { kind: 'glibc', version: [2, 36] } },
  path: '/usr/bin:/$odd"',
  apt: [],
  torch: { wheels: [], index: undefined },
  indexes: { main: undefined, extra: [] },
  lock: 'numpy==2.0.0 \\\n    --hash=sha256:1\n',
  support: [{ distribution: 'uvicorn', version: '1.0', name: 'u.whl', url: 'https://x/u.whl', sha256: 'ab', size: 1 }],
  server: [{ path: 'worker.py', file: '/s/worker.py', size: 1 }],
  bundle: [
    { path: 'bundle.json', file: '/b/bundle.json', size: 1 },
    { path: 'artifact/weights', file: '/b/weights', size: 11 * 1024 * 1024 },
  ],
  byteCode: true,
};

function textOf(changed: Partial<DockerfileParts>, name = 'Dockerfile'): string {
  const found = dockerfileContext({ ...parts, ...changed }).find((file) => file.path === name);
  return found?.kind === 'content' ? found.content : '';
}

describe('a generated Dockerfile', () => {
  it('copies weights before code, and nothing that is not there', () => {
    const text = textOf({});
    assert.ok(text.indexOf('COPY data ') < text.indexOf('COPY bundle '));
    const names = dockerfileContext(parts).map((file) => file.path);
    assert.deepEqual(names, [
      ...['Dockerfile', '.dockerignore', 'requirements.txt', 'requirements-server.txt'],
      ...['runtime/worker.py', 'data/artifact/weights', 'bundle/bundle.json'],
    ]);
    assert.ok(!textOf({ bundle: parts.bundle.slice(0, 1) }).includes('COPY data'));
  });

  it('checks every package by its hash', () => {
    assert.equal(textOf({}, 'requirements.txt'), parts.lock);
    assert.equal(textOf({}, 'requirements-server.txt'), 'uvicorn==1.0 --hash=sha256:ab\n');
    assert.equal(textOf({}).match(/--require-hashes/g)?.length, 2);
  });

  it('takes packages from the indexes of the user', () => {
    const indexes = { main: 'https://mirror.example/simple', extra: ['https://own.example/'] };
    const lines = ['--index-url https://mirror.example/simple', '--extra-index-url https://own.example/'];
    for (const name of ['requirements.txt', 'requirements-server.txt'])
      assert.deepEqual(textOf({ indexes }, name).split('\n').slice(0, 2), lines);
    const [wheel] = parts.support;
    assert.ok(wheel !== undefined);
    const torch = {
      index: 'https://torch.example/cpu',
      wheels: [{ ...wheel, distribution: 'torch', version: '2+cpu' }],
    };
    assert.equal(
      textOf({ torch }, 'requirements.txt'),
      `--extra-index-url https://torch.example/cpu\n${parts.lock}torch==2+cpu --hash=sha256:ab\n`,
    );
  });

  it('installs system packages below the environment, sorted', () => {
    const text = textOf({ apt: ['zlib1g', 'git=1:2.39'] });
    assert.match(
      text,
      /--no-install-recommends \\\n +git=1:2\.39 \\\n +zlib1g \\\n && rm -rf \/var\/lib\/apt\/lists\/\*/,
    );
    assert.ok(text.indexOf('apt-get install') < text.indexOf('"venv"'));
    assert.ok(!textOf({}).includes('apt-get'));
  });

  it('takes no name of a package for a command', () => {
    assert.throws(() => textOf({ apt: ['git', 'x; touch y'] }), /is no name of a Debian package/);
  });

  it('takes no value for a variable or for the end of a line', () => {
    assert.match(textOf({}), /^ENV PATH="\/opt\/slipway\/venv\/bin:\/usr\/bin:\/\\\$odd\\"" \\$/m);
  });

  it('compiles nothing when byte code is not wanted', () => {
    const text = textOf({ byteCode: false });
    assert.ok(!text.includes('compileall') && text.includes('--no-compile'));
  });
});
