import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { failure, reasonOf } from '../support/failure';
import { editCell } from '../support/notebooks';
import { plainProject } from '../support/plainProject';
import { closedPort, takePort } from '../support/ports';
import { processesNaming } from '../support/processes';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { namesIn, openWorkspace, type Workspace } from '../support/workspace';

let workspace: Workspace;
before(async () => {
  workspace = await openWorkspace({ target: 'local' });
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

const doubled = { inputs: [1, 2.5] };

describe('a release that does not become ready', () => {
  const flag = (): string => path.join(workspace.root, 'broken');
  const load = (): string =>
    `import os, time\n\ndef load():\n    if os.path.exists(${JSON.stringify(flag())}):\n        FAULT\n`;

  /** Release 1 answers; the edit passes training, and the fault comes about when release 2 is started. */
  async function deployBroken(name: string, fault: string, seconds: number) {
    const folder = await workspace.writeProject(
      name,
      plainProject([{ id: 'load', source: load().replace('FAULT', fault) }]),
    );
    const good = await workspace.deploy({ path: folder, name });
    await editCell(path.join(folder, 'nb.ipynb'), 'predict', '2 * value', '3 * value');
    const host = recordingHost({
      onEvent: (event) => {
        if (event.event === 'step' && event.step === 'package' && event.state === 'done') void writeFile(flag(), '');
      },
    });
    try {
      const deploy = workspace.deploy({ path: folder, name, readyTimeoutSeconds: seconds }, host);
      return {
        folder,
        good,
        error: await failure(deploy, 'RolloutFailed', /Release 2 did not become ready.*keeps answering/),
      };
    } finally {
      await rm(flag(), { force: true });
    }
  }

  it('is rolled back and says why, while the release before it answers', async () => {
    const { good, error } = await deployBroken('raising', 'raise RuntimeError("the weights are gone")', 60);
    assert.match(reasonOf(error).message ?? '', /the weights are gone/);
    assert.match(reasonOf(error).traceback ?? '', /RuntimeError: the weights are gone/);
    assert.deepEqual([error.location?.cell, error.location?.line], ['load', 5]);
    const model = await workspace.model('raising');
    assert.deepEqual([model?.phase, model?.version, model?.endpoint], ['Ready', 1, good.endpoint]);
    assert.deepEqual(
      model?.releases.map((release) => release.status),
      ['active', 'failed'],
    );
    assert.deepEqual(await workspace.predict('raising', doubled), [2, 5]);
  });

  it('is given up when it takes too long', async () => {
    const { folder, error } = await deployBroken('sleeping', 'time.sleep(600)', 3);
    assert.match(reasonOf(error).message ?? error.message, /3 s|3 seconds|in time/);
    assert.deepEqual(await workspace.predict('sleeping', doubled), [2, 5]);
    await eventually(
      'the worker that slept is gone',
      15,
      () => processesNaming('--model sleeping').filter((one) => one.commandLine.includes('--version 2')).length === 0,
    );
    const next = await workspace.deploy({ path: folder, name: 'sleeping' });
    assert.equal(next.version, 3);
    assert.deepEqual(await workspace.predict('sleeping', doubled), [3, 7.5]);
  });
});

describe('a port', () => {
  it('that is taken is an error, and nothing is left of the model', async () => {
    const { port, server } = await takePort();
    try {
      const folder = await workspace.writeProject('port-taken', plainProject());
      await failure(
        workspace.deploy({ path: folder, name: 'port-taken', port }),
        'PortTaken',
        new RegExp(String(port)),
      );
    } finally {
      server.close();
    }
  });

  it('that is taken leaves a model on the port that it has', async () => {
    const folder = await workspace.writeProject('port-kept', plainProject());
    const own = await closedPort();
    const good = await workspace.deploy({ path: folder, name: 'port-kept', port: own });
    assert.equal(good.endpoint, `http://127.0.0.1:${String(own)}`);
    const { port, server } = await takePort();
    try {
      await failure(workspace.deploy({ path: folder, name: 'port-kept', port }), 'PortTaken', new RegExp(String(port)));
      assert.equal((await workspace.model('port-kept'))?.endpoint, good.endpoint);
      assert.deepEqual(await workspace.predict('port-kept', doubled), [2, 5]);
    } finally {
      server.close();
    }
  });
});

describe('the state of a model', () => {
  it('that is corrupt is kept aside and never overwritten', async () => {
    const name = 'corrupt';
    const folder = await workspace.writeProject(name, plainProject());
    await workspace.deploy({ path: folder, name });
    endSupervisor(name);
    await eventually('the processes are gone', 15, () => processesNaming(`--model ${name}`).length === 0);
    const stateFolder = workspace.services.home.model(name);
    const garbage = '{"schema": 1, "name": "corr';
    await writeFile(path.join(stateFolder, 'state.json'), garbage);
    const shown = await workspace.model(name);
    assert.deepEqual([shown?.phase, shown?.reason?.code], ['Failed', 'StateCorrupt']);
    const model = await workspace.deploy({ path: folder, name });
    assert.equal(model.version, 2, 'version numbers go on after those of the kept releases');
    assert.deepEqual(await workspace.predict(name, doubled), [2, 5]);
    assert.ok((await namesIn(stateFolder)).includes('state.json.corrupt-1'));
    assert.equal(await readFile(path.join(stateFolder, 'state.json.corrupt-1'), 'utf8'), garbage);
  });

  it('after a crash of everything is Stopped, and Start brings the same release back', async () => {
    const name = 'rebooted';
    const folder = await workspace.writeProject(name, plainProject());
    const { endpoint } = await workspace.deploy({ path: folder, name });
    endSupervisor(name);
    await eventually('the processes are gone', 15, () => processesNaming(`--model ${name}`).length === 0);
    const stopped = await workspace.model(name);
    assert.deepEqual([stopped?.phase, stopped?.endpoint, stopped?.version], ['Stopped', undefined, 1]);
    await (await workspace.target()).start?.(name, {}, workspace.signal);
    assert.equal((await workspace.model(name))?.endpoint, endpoint);
    assert.deepEqual(await workspace.predict(name, doubled), [2, 5]);
  });

  it('is restored when a worker crashes', async () => {
    const name = 'crashing';
    const folder = await workspace.writeProject(name, plainProject());
    const before = (await workspace.deploy({ path: folder, name })).workers[0];
    assert.ok(before?.pid);
    process.kill(before.pid, 'SIGKILL');
    await eventually('another worker is ready', 30, async () => {
      const worker = (await workspace.model(name))?.workers[0];
      return worker?.phase === 'Ready' && worker.pid !== before.pid && worker.restarts === 1;
    });
    assert.deepEqual(await workspace.predict(name, doubled), [2, 5]);
  });
});

describe('two deploys of one model at once', () => {
  it('are refused with the name of the holder, and the first one finishes', async () => {
    const name = 'contended';
    const release = path.join(workspace.root, 'go-on');
    const wait = `import os, time\nwhile not os.path.exists(${JSON.stringify(release)}):\n    time.sleep(0.02)`;
    const folder = await workspace.writeProject(name, plainProject([wait]));
    const host = recordingHost();
    const first = workspace.deploy({ path: folder, name }, host);
    first.catch(() => undefined);
    await eventually('the first deploy trains', 120, () => eventsOf(host, 'cell').length > 0);
    try {
      const error = await failure(
        workspace.deploy({ path: folder, name }),
        'DeployInProgress',
        new RegExp(`${name} is being changed by contract suite \\(process ${String(process.pid)}`),
      );
      assert.equal((error.details['holder'] as { readonly pid?: number }).pid, process.pid);
      const remove = (await workspace.target()).remove(name, workspace.signal);
      await failure(remove, 'DeployInProgress', /contract suite/);
    } finally {
      await writeFile(release, '');
    }
    assert.equal((await first).phase, 'Ready');
  });
});

/** As a reboot does: the supervisor has no time to say goodbye. */
function endSupervisor(name: string): void {
  const [supervisor, ...others] = processesNaming(`--model ${name}`).filter(
    (one) => one.commandLine.includes('supervisor.py') && one.commandLine.includes(workspace.root),
  );
  assert.ok(supervisor !== undefined && others.length === 0);
  process.kill(supervisor.pid, 'SIGKILL');
}
