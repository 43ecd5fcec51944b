import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeRow } from '../../../../src/core/cluster';
import { gpuFacts } from '../../../../src/targets/kubernetes/explore/gpuFacts';
import { deviceWords, sharingWords } from '../../../../src/tree/cluster/devices';
import { untranslated } from '../../../../src/tree/node';

const words = (devices: Readonly<Record<string, number>>, labels: Readonly<Record<string, string>> = {}) =>
  deviceWords({ cpu: 0, memory: 0, devices }, untranslated, gpuFacts(labels).gpu).join(' · ');

describe('devices in words', () => {
  it('tells whole GPUs with their model', () => {
    assert.equal(words({ 'nvidia.com/gpu': 4 }), '4 GPUs');
    assert.equal(words({ 'amd.com/gpu': 1 }), '1 AMD GPU');
    const labels = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB', 'nvidia.com/gpu.replicas': '1' };
    assert.equal(words({ 'nvidia.com/gpu': 1 }, labels), '1 GPU · NVIDIA-A100-SXM4-40GB');
  });

  it('tells MIG slices by their size', () => {
    const labels = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' };
    const devices = { 'nvidia.com/gpu': 0, 'nvidia.com/mig-1g.5gb': 7, 'nvidia.com/mig-3g.20gb': 1 };
    assert.equal(words(devices, labels), '7 MIG slices 1g.5gb · 1 MIG slice 3g.20gb · NVIDIA-A100-SXM4-40GB');
  });

  it('tells GPUs that are shared, and what that means', () => {
    const labels = { 'nvidia.com/gpu.product': 'NVIDIA-A10G-SHARED', 'nvidia.com/gpu.replicas': '4' };
    assert.equal(words({ 'nvidia.com/gpu': 8 }, labels), '8 shares of 2 GPUs · NVIDIA-A10G');
    assert.equal(words({ 'nvidia.com/gpu.shared': 8 }, labels), '8 shares of GPUs · NVIDIA-A10G');
    const node = gpuFacts(labels) as NodeRow;
    assert.match(sharingWords(node, untranslated).join(), /^Up to 4 pods share a GPU and its memory/);
    assert.deepEqual(sharingWords(gpuFacts({}) as NodeRow, untranslated), []);
  });

  it('keeps the names of other devices', () => {
    assert.equal(words({ 'habana.ai/gaudi': 8 }), '8 habana.ai/gaudi');
    assert.equal(words({}, { 'nvidia.com/gpu.product': 'NVIDIA-L4' }), '');
  });
});
