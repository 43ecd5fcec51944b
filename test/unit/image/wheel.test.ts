import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { environmentScheme } from '../../../src/build/image/imagePaths';
import { readTar } from '../../../src/build/image/readTar';
import { parseRecord } from '../../../src/build/image/record';
import { parseEntryPoints } from '../../../src/build/image/wheel';
import { writeWheelLayer } from '../../../src/build/image/wheelLayer';
import { sha256 } from '../../../src/clients/registry/blob';
import { failure } from '../../support/failure';
import { writeWheel, type WheelContents } from './wheels';

const scheme = environmentScheme('3.11');
const site = 'opt/slipway/venv/lib/python3.11/site-packages';
let folder: string;
let made = 0;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slw-wheel-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function install(contents: WheelContents): Promise<ReadonlyMap<string, string>> {
  made += 1;
  const file = path.join(folder, `${made}.whl`);
  const to = path.join(folder, `${made}.layer`);
  writeWheel(file, contents);
  const layer = await writeWheelLayer(to, [{ file, name: 'thing-1.0-py3-none-any.whl' }], scheme);
  const blob = await readFile(to);
  const tar = gunzipSync(blob);
  assert.deepEqual([layer.digest, layer.diffId], [sha256(blob), sha256(tar)]);
  const found = new Map<string, string>();
  for await (const entry of readTar(chunks(tar))) {
    if (entry.type !== 'file') continue;
    let text = '';
    for await (const piece of entry.content()) text += piece.toString();
    found.set(entry.path, text);
  }
  return found;
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

/** Text that stays large when it is deflated. */
function largeText(bytes: number): string {
  let state = 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647);
  return Array.from({ length: bytes / 8 }, () => next().toString(36).padStart(8, '0')).join('');
}

describe('a wheel in a layer', () => {
  it('holds files larger than what is read of it at once, and those after them', async () => {
    const contents: Record<string, string> = {};
    for (let at = 0; at < 4; at++) {
      contents[`thing/large_${at}.so`] = largeText(4_000_000);
      contents[`thing/small_${at}.py`] = `at = ${at}\n`.repeat(5000);
    }
    const found = await install(contents);
    for (const [name, text] of Object.entries(contents)) assert.ok(found.get(`${site}/${name}`) === text, name);
  });

  it('is installed as an installer does it', async () => {
    const big = 'x = 1\n'.repeat(10_000);
    const files = await install({
      'thing/__init__.py': big,
      'thing/data.stored': 'as it is',
      'thing/tool.sh': '#!/bin/sh\n',
      'thing.pth': 'import thing\n',
      'thing-1.0.data/scripts/start': '#!python\nprint()\n',
      'thing-1.0.data/scripts/other': '#!/bin/sh\n',
      'thing-1.0.data/data/share/thing.txt': 'shared',
      'thing-1.0.data/headers/thing.h': '/* */',
      'thing-1.0.data/platlib/native.py': 'y = 2\n',
      'thing-1.0.dist-info/entry_points.txt':
        '[console_scripts]\nthing = thing.cli:main.run [extra]\n\n[other]\na = b:c\n',
    });
    assert.equal(files.get(`${site}/thing/__init__.py`), big);
    assert.equal(files.get(`${site}/thing/data.stored`), 'as it is');
    assert.equal(files.get(`${site}/thing.pth`), 'import thing\n');
    assert.equal(files.get(`${site}/native.py`), 'y = 2\n');
    assert.equal(files.get('opt/slipway/venv/bin/start'), '#!/opt/slipway/venv/bin/python\nprint()\n');
    assert.equal(files.get('opt/slipway/venv/bin/other'), '#!/bin/sh\n');
    assert.equal(files.get('opt/slipway/venv/share/thing.txt'), 'shared');
    assert.equal(files.get('opt/slipway/venv/include/site/python3.11/thing/thing.h'), '/* */');
    const script = files.get('opt/slipway/venv/bin/thing') ?? '';
    assert.match(script, /^#!\/opt\/slipway\/venv\/bin\/python\n/);
    assert.match(script, /from thing\.cli import main\n[\s\S]*sys\.exit\(main\.run\(\)\)\n$/);
    const record = parseRecord(files.get(`${site}/thing-1.0.dist-info/RECORD`) ?? '');
    const installed = [...files.keys()].map((file) => path.posix.relative(site, file)).sort();
    assert.deepEqual(record.map((line) => line.path).sort(), installed);
    for (const line of record) assert.ok(line.hash !== '' || line.path.endsWith('/RECORD'), `${line.path} has no hash`);
  });

  const escapes: Readonly<Record<string, RegExp>> = {
    '../../outside.py': /leads out of the environment/,
    '/etc/passwd': /leads out of the environment/,
    'thing/../../outside.py': /leads out of the environment/,
    'thing\\..\\outside.py': /leads out of the environment/,
    'thing-1.0.data/scripts/../../../../bin/sh': /leads out of the environment/,
    'thing-1.0.data/elsewhere/x': /unknown place/,
    'other-2.0.dist-info/METADATA': /more than one/,
  };
  for (const [name, message] of Object.entries(escapes)) {
    it(`that holds ${name} is refused`, async () => {
      await failure(install({ [name]: 'x' }), 'WheelInvalid', message);
    });
  }

  it('that starts a script outside through its entry points is refused', async () => {
    const contents = { 'thing-1.0.dist-info/entry_points.txt': '[console_scripts]\n../../../../usr/bin/sh = a:b\n' };
    await failure(install(contents), 'WheelInvalid', /leads out/);
  });

  it('that is damaged or no archive is refused', async () => {
    const file = path.join(folder, 'damaged.whl');
    writeWheel(file, { 'thing/__init__.py': 'x = 1\n'.repeat(5000) });
    const bytes = await readFile(file);
    const at = bytes.indexOf('thing/__init__.py') + 'thing/__init__.py'.length + 10;
    bytes.fill(0xff, at, at + 20);
    await writeFile(file, bytes);
    const wheels = [{ file, name: 'damaged.whl' }];
    await failure(writeWheelLayer(path.join(folder, 'd.layer'), wheels, scheme), 'WheelInvalid', /damaged\.whl/);
    await writeFile(file, 'no zip');
    await failure(writeWheelLayer(path.join(folder, 'e.layer'), wheels, scheme), 'WheelInvalid', /zip/);
  });
});

describe('entry_points.txt', () => {
  it('gives the scripts only', () => {
    const text = ' [gui_scripts]\n show=a.b:c\n# x = y:z\n[console_scripts]\nrun-it = pkg:main\n[x]\nno = n:n\n';
    assert.deepEqual(parseEntryPoints(text), [
      { name: 'show', module: 'a.b', attribute: 'c' },
      { name: 'run-it', module: 'pkg', attribute: 'main' },
    ]);
  });
});
