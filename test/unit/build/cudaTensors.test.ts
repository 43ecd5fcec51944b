import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gpuOfTensors } from '../../../src/build/cudaTensors';

const signal = new AbortController().signal;
let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slw-tensors-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A pickle as torch.save writes a storage, inside one as cloudpickle writes a snapshot. */
async function snapshot(device: string, padding = 0): Promise<string> {
  const code = `import pickle, sys
class Pickler(pickle.Pickler):
    def persistent_id(self, value): return value if isinstance(value, tuple) else None
import io
inner = io.BytesIO()
Pickler(inner, protocol=2).dump(("storage", "FloatStorage", "94", "${device}", 4, None))
sys.stdout.buffer.write(pickle.dumps({"device": "cuda:0", "padding": b"x" * ${padding}, "model": inner.getvalue()}, protocol=5))`;
  const file = path.join(folder, `${device.replace(':', '')}-${padding}`);
  await writeFile(file, execFileSync('python3', ['-c', code], { maxBuffer: 2 ** 26 }));
  return file;
}

describe('tensors of a GPU', () => {
  it('are found in a snapshot', async () => {
    assert.equal(await gpuOfTensors(await snapshot('cuda:1'), signal), 'cuda:1');
  });
  for (const shift of [-20, -10, 0, 10])
    it(`are found where pieces meet (${shift})`, async () => {
      const file = await snapshot('cuda:0', 4 * 1024 * 1024 - 120 + shift);
      assert.equal(await gpuOfTensors(file, signal), 'cuda:0');
    });
  it('are not those of the processor, nor a name in the code', async () => {
    assert.equal(await gpuOfTensors(await snapshot('cpu'), signal), undefined);
  });
});
