import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Inspection } from '../../src/core/project';
import { buildCli, slipway } from '../support/cli';
import { exampleCell, predictVersion } from '../support/plainProject';
import { notebookOf } from '../support/notebooks';
import { eventsOf, recordingHost, type RecordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';

describe('the environment that lies in a project', () => {
  let workspace: Workspace;
  let folder: string;
  before(async () => {
    await buildCli();
    workspace = await openWorkspace({ target: 'local' });
    folder = await workspace.writeProject('versions', { 'nb.ipynb': notebookOf(predictVersion, exampleCell) });
    const uv = await workspace.services.uv(workspace.signal);
    const python = uv.interpreters[0]?.path ?? 'python3';
    const asked = { subject: 'the environment of the test', cwd: folder };
    await uv.run(['venv', '--python', python, '.venv'], asked, workspace.signal);
    await uv.run(['pip', 'install', '--python', '.venv', 'tabulate==0.8.10'], asked, workspace.signal);
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
  });

  async function deploy(): Promise<{ readonly host: RecordingHost; readonly version: string }> {
    const host = recordingHost();
    await workspace.deploy({ path: folder, name: 'versions' }, host);
    const [version] = (await workspace.predict('versions', { inputs: [1] })) as readonly string[];
    return { host, version: version ?? '' };
  }

  it('gives a model its versions', async () => {
    const { host, version } = await deploy();
    assert.equal(version, '0.8.10');
    const [plan] = eventsOf(host, 'plan');
    assert.equal(plan?.plan.dependencies.environment, '.venv');
    assert.equal(plan.plan.dependencies.asOf, undefined);
  });

  it('is the one that is activated, for a project that has none', async () => {
    const other = await workspace.writeProject('other', { 'nb.ipynb': notebookOf(predictVersion, exampleCell) });
    const env = { ...process.env, VIRTUAL_ENV: path.join(folder, '.venv') };
    const { json } = await slipway(['inspect', other, '--json', '--home', workspace.home], { env });
    const { dependencies } = (json[0] as unknown as Inspection).project;
    assert.equal(dependencies.environment?.name, env.VIRTUAL_ENV);
    assert.ok(dependencies.environment.pins.includes('tabulate==0.8.10'));
  });

  it('is passed over, and told, where the project asks for others', async () => {
    await writeFile(path.join(folder, 'requirements.txt'), 'tabulate>=0.9\n');
    const { host, version } = await deploy();
    assert.match(version, /^(0\.9|0\.[1-9]\d|[1-9])/);
    assert.ok(eventsOf(host, 'finding').some(({ finding }) => finding.code === 'EnvironmentUnfit'));
    assert.equal(eventsOf(host, 'plan')[0]?.plan.dependencies.environment, undefined);
  });
});
