import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { takeTorch } from '../../../src/build/image/torchPins';

const hash = `--hash=sha256:${'a'.repeat(64)}`;
const entry = (pin: string): string => `${pin} \\\n    ${hash}\n`;
const lock = (torch: string): string =>
  [
    entry('filelock==3.1'),
    entry("nvidia-cublas-cu12==12.1 ; sys_platform == 'linux'"),
    entry(torch),
    entry('triton==3'),
  ].join('');

describe('PyTorch in a lock', () => {
  it('is set apart with its libraries for GPUs', () => {
    assert.deepEqual(takeTorch(lock("torch==2.9.1 ; sys_platform == 'linux'"), false), {
      pins: ["torch==2.9.1 ; sys_platform == 'linux'"],
      rest: entry('filelock==3.1'),
    });
  });
  it('stays where the lock names a build, unless an accelerator is asked for', () => {
    const named = lock('torch==2.9.1+cu126');
    assert.deepEqual(takeTorch(named, false), { pins: [], rest: named });
    assert.deepEqual(takeTorch(named, true).pins, ['torch==2.9.1']);
  });
  it('may be absent, and then nothing changes', () => {
    const other = entry('nvidia-ml-py==12');
    assert.deepEqual(takeTorch(other, true), { pins: [], rest: other });
  });
});
