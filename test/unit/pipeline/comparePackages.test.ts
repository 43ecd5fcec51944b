import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packagesIn } from '../../../src/clients/python/lock';
import type { KeptRelease } from '../../../src/core/target';
import { describeRelease, differencesOf } from '../../../src/pipeline/compareReleases';

const lock = `# made by uv
numpy==2.1.0 \\
    --hash=sha256:00
pandas==2.2.3 ; python_version >= "3.9" \\
    --hash=sha256:01
torch==2.5.0 ; sys_platform == 'darwin'
torch==2.5.0+cpu ; sys_platform != 'darwin'
-e ./own
`;

function release(packages: Readonly<Record<string, string>> | undefined): KeptRelease {
  const provenance = {
    createdAt: '',
    createdBy: '',
    digest: '',
    lock: '',
    notebook: null,
    git: null,
    project: '',
    python: '',
  };
  return {
    model: 'm',
    version: 1,
    content: { kind: 'image', image: 'r/m', port: 1, health: '/', drains: true, limits: {} },
    provenance: { ...provenance, ...(packages && { packages }) },
    port: 80,
    readyTimeoutSeconds: 1,
    secretNames: [],
  };
}

describe('packages of two releases', () => {
  it('are what the lock pins', () => {
    assert.deepEqual(packagesIn(lock), { numpy: '2.1.0', pandas: '2.2.3', torch: '2.5.0' });
  });

  it('are compared one by one', () => {
    const [left, right] = [release({ numpy: '2.0.0', six: '1.0' }), release({ numpy: '2.1.0', pandas: '2.2.3' })];
    assert.deepEqual(differencesOf(left, right), [
      { what: 'package numpy', left: '2.0.0', right: '2.1.0' },
      { what: 'package six', left: '1.0', right: undefined },
      { what: 'package pandas', left: undefined, right: '2.2.3' },
    ]);
    assert.match(describeRelease(right), /\npackage numpy: 2\.1\.0\npackage pandas: 2\.2\.3\n$/);
    assert.deepEqual(differencesOf(release(undefined), release(undefined)), []);
  });
});
