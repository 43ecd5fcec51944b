import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { installNeed } from '../../../src/clients/python/downloads';
import type { Lock } from '../../../src/clients/python/lock';
import type { Uv } from '../../../src/clients/python/uv';
import { homeAt, type Home } from '../../../src/core/home';

const never = new AbortController().signal;
const interpreter = { path: '/usr/bin/python3.11', version: '3.11.7', minor: '3.11', hasPip: true };
const file = (size: string): string => `{ url = "https://index/x.whl", ${size}hashes = { sha256 = "0" } }`;
const pylock = `lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.4.6"
sdist = ${file('size = 9999, ')}
wheels = [${file('size = 16000000, ')}]
[[packages]]
name = "Old.Package"
version = "1.0"
sdist = ${file('size = 1000, ')}
[[packages]]
name = "inhouse"
version = "7"
wheels = [${file('')}]
[[packages]]
name = "from-git"
vcs = { type = "git", url = "https://git/x", commit-id = "0" }
`;

let root: string;
let home: Home;
let asked: (readonly string[])[];
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'slipway-downloads-'));
  home = homeAt(root);
  asked = [];
  await mkdir(home.locks, { recursive: true });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const uv = (answers: readonly (string | Error)[]): Uv => ({
  interpreters: [interpreter],
  version: '0',
  indexes: () => Promise.resolve({ main: undefined, extra: [] }),
  run: (args) => {
    asked.push(args);
    const answer = answers[asked.length - 1] ?? new Error('asked too often');
    return answer instanceof Error
      ? Promise.reject(answer)
      : Promise.resolve({ exitCode: 0, stdout: answer, stderr: '' });
  },
});
const lock = (): Lock => ({
  file: path.join(home.locks, 'key.txt'),
  digest: 'sha256:0',
  text: 'numpy==2.4.6 \\\n    --hash=sha256:0\nOld.Package==1.0 ; python_version < "4"\ninhouse==7\n',
  building: [],
});
const need = (client: Uv) => installNeed(client, home, lock(), interpreter, never);

describe('installNeed', () => {
  it('adds up what is not cached, names what has no size, and asks once for a lock', async () => {
    const client = uv([pylock]);
    assert.deepEqual(await need(client), {
      packages: 4,
      cached: 0,
      bytes: 16_001_000,
      unknown: ['inhouse', 'from-git'],
    });
    const wheels = path.join(home.wheels, 'wheels-v8');
    await mkdir(path.join(wheels, 'pypi', 'numpy', '2.4.6-cp311-cp311-manylinux_2_28_x86_64'), { recursive: true });
    await mkdir(path.join(wheels, 'index', 'abc', 'inhouse', '7-py3-none-any'), { recursive: true });
    await mkdir(path.join(wheels, 'pypi', 'old-package'), { recursive: true });
    await writeFile(path.join(wheels, 'pypi', 'old-package', '1.0-py3-none-any.msgpack'), '');
    assert.deepEqual(await need(client), { packages: 4, cached: 2, bytes: 1000, unknown: ['from-git'] });
    assert.equal(asked.length, 1);
    assert.ok(asked[0]?.includes('--offline'));
  });

  it('asks the index where the cache does not tell, and knows no size where that fails too', async () => {
    assert.equal((await need(uv([new Error('offline'), pylock])))?.packages, 4);
    await rm(path.join(home.locks, 'key.py3.11.7.sizes.json'));
    asked = [];
    assert.deepEqual(await need(uv([new Error('offline'), new Error('unreachable')])), {
      packages: 3,
      cached: 0,
      bytes: 0,
      unknown: ['numpy', 'Old.Package', 'inhouse'],
    });
  });
});
