import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilesFor, type HostSystem } from '../../../src/build/image/compilesFor';
import type { BaseFacts } from '../../../src/build/image/probeBase';

const host: HostSystem = { platform: 'linux', arch: 'x64', minor: '3.11', glibc: [2, 36] };
const base: BaseFacts = { python: '/usr/bin/python3.11', minor: '3.11', libc: { kind: 'glibc', version: [2, 36] } };
const amd64 = { os: 'linux', architecture: 'amd64' };

describe('what a machine compiles runs on a base', () => {
  it('of the same kind, and of a newer glibc', () => {
    assert.ok(compilesFor(host, base, amd64));
    assert.ok(compilesFor(host, { ...base, libc: { kind: 'glibc', version: [2, 41] } }, amd64));
    assert.ok(compilesFor({ ...host, arch: 'arm64' }, base, { os: 'linux', architecture: 'arm64' }));
  });

  const others: Readonly<Record<string, readonly [Partial<HostSystem>, Partial<BaseFacts>, string]>> = {
    'of an older glibc': [{}, { libc: { kind: 'glibc', version: [2, 31] } }, 'amd64'],
    'of musl': [{}, { libc: { kind: 'musl' } }, 'amd64'],
    'of another Python': [{}, { minor: '3.12' }, 'amd64'],
    'of another architecture': [{}, {}, 'arm64'],
    'from another system': [{ platform: 'darwin', glibc: undefined }, {}, 'amd64'],
    'from a machine without glibc': [{ glibc: undefined }, {}, 'amd64'],
  };
  for (const [name, [machine, image, architecture]] of Object.entries(others))
    it(`but not ${name}`, () => {
      assert.ok(!compilesFor({ ...host, ...machine }, { ...base, ...image }, { os: 'linux', architecture }));
    });
});
