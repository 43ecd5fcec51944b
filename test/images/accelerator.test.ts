import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openUv } from '../../src/clients/python/uv';
import { homeAt } from '../../src/core/home';
import { planImageOnly } from '../../src/pipeline/planImageOnly';
import { selectTorch } from '../../src/pipeline/torchWheels';
import { buildImage } from '../../src/pipeline/buildImage';
import { parseImageTarget } from '../../src/pipeline/imageTarget';
import { failure } from '../support/failure';
import { notebookOf } from '../support/notebooks';
import { exampleCell } from '../support/plainProject';
import { recordingHost } from '../support/recordingHost';
import { startWheelIndex, type WheelIndex } from '../support/wheelIndex';
import { openWorkspace, resources, type Workspace } from '../support/workspace';
import { pushBase } from '../testbed/docker/baseImage';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';

const app = 'async def app(scope, receive, send):\n    ...\n';

describe('PyTorch in an image', { timeout: 5 * 60_000 }, () => {
  let workspace: Workspace;
  let registry: TestRegistry;
  let index: WheelIndex;
  let base: string;
  before(async () => {
    workspace = await openWorkspace({ target: 'local' });
    registry = await startRegistry();
    base = await pushBase(registry.host, process.env['SLIPWAY_TEST_BASE'] ?? '');
    index = await startWheelIndex(workspace.root, [
      { index: 'simple', name: 'torch', version: '9.9.0', requires: ['nvidia_fake==12'] },
      { index: 'simple', name: 'nvidia_fake', version: '12' },
      { index: 'whl/cpu', name: 'torch', version: '9.9.0+cpu' },
      { index: 'whl/cu126', name: 'torch', version: '9.9.0+cu126', requires: ['nvidia_fake==12.6'] },
      { index: 'whl/cu126', name: 'nvidia_fake', version: '12.6' },
    ]);
    process.env['UV_INDEX'] = `${index.origin}/simple`;
    process.env['SLIPWAY_TORCH_INDEX'] = `${index.origin}/whl/`;
  });
  after(async () => {
    for (const name of ['UV_INDEX', 'SLIPWAY_TORCH_INDEX']) Reflect.deleteProperty(process.env, name);
    await index.close();
    await registry.stop();
    await workspace.close();
  });

  async function packages(accelerator: string | undefined): Promise<Readonly<Record<string, boolean>>> {
    const folder = await workspace.writeProject(`on-${accelerator ?? 'default'}`, {
      'app.py': app,
      'requirements.txt': 'torch==9.9.0\n',
      'slipway.yaml': [
        'entry: app.py:app',
        'python: "3.11"',
        ...(accelerator === undefined ? [] : [`accelerator: ${accelerator}`]),
      ].join('\n'),
    });
    const request = { path: folder, to: undefined, base, insecure: [registry.host], byteCode: false };
    const {
      plans: [plan],
    } = await planImageOnly(workspace.services, recordingHost(), request, workspace.signal);
    assert.ok(plan !== undefined && 'layers' in plan);
    const layers = plan.layers.filter(({ kind }) => kind === 'packages');
    const of = (names: readonly string[]): string => names.filter((name) => /torch|nvidia/.test(name)).join();
    return Object.fromEntries(
      layers
        .flatMap(({ holds, bytes }) => holds.map((name) => [of([name]), bytes !== undefined] as const))
        .filter(([name]) => name !== ''),
    );
  }

  it('is for the processor unless something else is asked for, and the plan knows its size', async () => {
    assert.deepEqual(await packages(undefined), { 'torch 9.9.0+cpu': true });
    assert.deepEqual(await packages('cpu'), { 'torch 9.9.0+cpu': true });
  });

  it('is for the version of CUDA that is asked for, with the libraries of that version', async () => {
    assert.deepEqual(await packages('cu126'), { 'torch 9.9.0+cu126': true, 'nvidia-fake 12.6': true });
  });

  it('is not made for the processor when the snapshot lies on a GPU', async () => {
    const saved = [
      'import io, pickle',
      'class Pickler(pickle.Pickler):',
      '    def persistent_id(self, value):',
      '        return value if isinstance(value, tuple) else None',
      'file = io.BytesIO()',
      '# As torch.save writes the storage of a tensor.',
      'Pickler(file, protocol=2).dump(("storage", "FloatStorage", "94", "cuda:0", 4, None))',
      'weights = file.getvalue()',
    ].join('\n');
    const predict = 'def predict(x: list[float]) -> list[float]:\n    return [len(weights) * value for value in x]';
    const folder = await workspace.writeProject('on-gpu', {
      'requirements.txt': '',
      'nb.ipynb': notebookOf(saved, predict, exampleCell),
      'slipway.yaml': 'python: "3.11"\n',
    });
    const to = parseImageTarget(`${registry.host}/models/on-gpu`, undefined);
    assert.ok(to !== undefined);
    const request = { path: folder, to, base, insecure: [registry.host], byteCode: false, retrain: false };
    const build = buildImage(workspace.services, recordingHost(), request, workspace.signal);
    await failure(build, 'SnapshotNeedsGpu', /tensors on cuda:0/);
    const tags = await fetch(`http://${registry.host}/v2/models/on-gpu/tags/list`);
    assert.equal(tags.status, 404);
  });

  it('is not taken for another accelerator', async () => {
    await failure(packages('cu130'), 'AcceleratorMissing', /no build of torch==9\.9\.0 for cu130/);
    process.env['UV_DEFAULT_INDEX'] = `${index.origin}/simple`;
    try {
      const uv = await openUv(homeAt(workspace.home), resources, workspace.signal);
      const target = { minor: '3.11', architecture: 'amd64', glibc: [2, 36] } as const;
      const order = { lock: 'torch==9.9.0\n', accelerator: 'cu130', target };
      const chosen = selectTorch(uv, path.join(workspace.root, 'wheels'), order, workspace.signal);
      await failure(chosen, 'AcceleratorMissing', /no build of torch 9\.9\.0 for cu130/);
    } finally {
      Reflect.deleteProperty(process.env, 'UV_DEFAULT_INDEX');
    }
  });
});
