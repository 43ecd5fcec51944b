import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeployedModel } from '../../src/core/deployment';
import type { LogLine } from '../../src/core/logs';
import type { Target } from '../../src/core/target';
import { assertPredictions } from '../support/predictions';
import { startLoad } from '../support/load';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { openTritonClient, type TritonClient } from '../support/triton';
import { openWorkspace, repository, type Workspace, type WorkspaceOptions } from '../support/workspace';
import { exampleOf, nameOf, type ProjectCase } from './projects';

/** What the suite must know of a kind of target beyond {@link Target} itself. */
export interface ContractSubject {
  /** Target id as users type it, with what a workspace needs for it. */
  readonly workspace: () => Promise<WorkspaceOptions>;
  /** Stands in the names of the tests. */
  readonly target: string;
  /** Address of a model for this machine, where that is not its endpoint. */
  readonly reach?: (model: DeployedModel) => Promise<string>;
  /** Lines of the log that only some targets write are not looked for. */
  readonly logLine?: RegExp;
  /** Notes, while the model runs, what must be gone after its removal, and returns a check that lists what is not. */
  readonly traces: (workspace: Workspace, model: DeployedModel) => Promise<() => Promise<readonly string[]>>;
}

const minutes = 60_000;

/** The contract that every target keeps, with each of the projects: one suite, whatever the engine. */
export function describeContract(subject: ContractSubject, projects: readonly ProjectCase[]): void {
  describe(`the ${subject.target} target`, { timeout: 15 * minutes }, () => {
    let workspace: Workspace;
    let triton: TritonClient;
    before(async () => {
      workspace = await openWorkspace(await subject.workspace());
      triton = await openTritonClient(workspace);
    });
    after(async () => {
      assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
    });
    for (const project of projects) {
      describe(project.folder, { timeout: 5 * minutes }, () => {
        describeProject(subject, project, () => ({ workspace, triton }));
      });
    }
  });
}

function describeProject(
  subject: ContractSubject,
  project: ProjectCase,
  opened: () => { readonly workspace: Workspace; readonly triton: TritonClient },
): void {
  const name = nameOf(project);
  let workspace: Workspace;
  let target: Target;
  let folder: string;
  let example: unknown;
  const reach = (model: DeployedModel): Promise<string> =>
    subject.reach === undefined ? Promise.resolve(endpointOf(model)) : subject.reach(model);
  before(async () => {
    ({ workspace } = opened());
    target = await workspace.target();
    example = await exampleOf(project);
    folder = await workspace.copyProject(path.join(repository, project.folder), name);
    await project.prepare?.(folder, workspace);
  });

  it('deploys and announces a model that answers', async () => {
    const host = recordingHost();
    const model = await workspace.deploy({ path: folder }, host);
    assert.deepEqual([model.name, model.phase, model.version], [name, 'Ready', 1]);
    assert.deepEqual(
      eventsOf(host, 'plan').map(({ plan }) => plan.dependencies.source),
      [project.dependencies],
    );
    const trained = eventsOf(host, 'plan').some(({ plan }) => plan.training.action !== 'none');
    assert.equal(/^\d+Mi$/.test(model.resources?.memory ?? ''), trained);
    const last = host.events.at(-1);
    assert.ok(last?.event === 'deployed' && !last.unchanged);
    assert.deepEqual([last.model.name, last.model.version, last.model.endpoint], [name, 1, model.endpoint]);
    const printed = eventsOf(host, 'output').map(({ text }) => text);
    if (project.printed !== undefined) assert.match(printed.join('\n'), project.printed);
    assert.equal(
      (await fetch(`${await reach(model)}/v2/health/ready`, { headers: { connection: 'close' } })).status,
      200,
    );
  });

  it('predicts what is known from outside', async () => {
    assertPredictions(await workspace.predict(name, example), project.predictions);
  });

  it('answers a client of the Open Inference Protocol that nobody here wrote', async () => {
    const model = await running(workspace, name);
    assertPredictions(
      await opened().triton.infer(await reach(model), name, example),
      project.tensors ?? project.predictions,
    );
  });

  it('has logs without gaps', async () => {
    const lines = await collect(target.logs(name, { follow: false }, workspace.signal));
    assert.deepEqual(
      lines.map((line) => line.seq),
      lines.map((_, index) => index + 1),
    );
    assert.ok(
      lines.some((line) => (subject.logLine ?? project.logLine).test(line.text)),
      lines.map((line) => line.text).join('\n'),
    );
    // Lines may come at any time: the model writes its access log a moment after the request.
    const rest = await collect(target.logs(name, { follow: false, after: 1 }, workspace.signal));
    assert.deepEqual(rest.slice(0, lines.length - 1), lines.slice(1));
    const tail = await collect(target.logs(name, { follow: false, tail: 2 }, workspace.signal));
    const all = await collect(target.logs(name, { follow: false }, workspace.signal));
    const first = tail[0]?.seq ?? 0;
    assert.ok(first >= lines.length - 1 && tail.length === 2);
    assert.deepEqual(tail, all.slice(first - 1, first + 1));
  });

  it('leaves an unchanged model as it is and asks nothing again', async () => {
    const host = recordingHost();
    const workers = (await running(workspace, name)).workers.map((worker) => worker.pid);
    const model = await workspace.deploy({ path: folder }, host);
    assert.equal(model.version, 1);
    assert.deepEqual(host.questions, []);
    const last = host.events.at(-1);
    assert.ok(last?.event === 'deployed' && last.unchanged);
    assert.deepEqual(
      (await running(workspace, name)).workers.map((worker) => worker.pid),
      workers,
    );
  });

  it('takes over an edited project without one failed request', async () => {
    await project.edit(folder);
    const before = await running(workspace, name);
    const load = startLoad(`${await reach(before)}/invocations`, JSON.stringify(example));
    try {
      await load.answers(5);
      const model = await workspace.deploy({ path: folder });
      assert.deepEqual([model.version, model.endpoint], [2, before.endpoint]);
      await load.answers(5);
    } finally {
      const report = await load.stop();
      assert.deepEqual(report.failures, []);
      assert.ok(report.answered.keepAlive >= 20 && report.answered.fresh >= 20, JSON.stringify(report.answered));
      for (const body of report.bodies) assertOneOf(body, [project.predictions, project.edited]);
    }
    assertPredictions(await workspace.predict(name, example), project.edited);
  });

  it('scales to two replicas', async (context) => {
    if (target.scale === undefined) {
      context.skip('this target does not scale');
      return;
    }
    await target.scale(name, 2, workspace.signal);
    const model = await running(workspace, name);
    assert.deepEqual(model.replicas, { desired: 2, ready: 2 });
    assert.deepEqual(
      model.workers.map((worker) => [worker.version, worker.phase]),
      [
        [2, 'Ready'],
        [2, 'Ready'],
      ],
    );
    assertPredictions(await workspace.predict(name, example), project.edited);
  });

  it('rolls back to the release before', async (context) => {
    if (target.rollback === undefined) {
      context.skip('this target does not roll back');
      return;
    }
    const model = await target.rollback(name, undefined, workspace.signal);
    assert.equal(model.version, 1);
    assert.deepEqual(
      model.releases.map((release) => [release.version, release.status]),
      [
        [1, 'active'],
        [2, 'superseded'],
      ],
    );
    assertPredictions(await workspace.predict(name, example), project.predictions);
  });

  it('stops and starts on the same endpoint', async (context) => {
    if (target.stop === undefined || target.start === undefined) {
      context.skip('this target does not stop models');
      return;
    }
    const before = await running(workspace, name);
    const url = await reach(before);
    await target.stop(name, workspace.signal);
    const stopped = await running(workspace, name);
    assert.deepEqual([stopped.phase, stopped.endpoint, stopped.workers], ['Stopped', undefined, []]);
    await assert.rejects(fetch(`${url}/v2/health/live`));
    await target.start(name, {}, workspace.signal);
    assert.equal(endpointOf(await running(workspace, name)), before.endpoint);
    assertPredictions(await workspace.predict(name, example), project.predictions);
  });

  it('is removed without a trace', async () => {
    const remains = await subject.traces(workspace, await running(workspace, name));
    await target.remove(name, workspace.signal);
    assert.equal(await workspace.model(name), undefined);
    assert.deepEqual(await remains(), []);
  });
}

async function running(workspace: Workspace, name: string): Promise<DeployedModel> {
  const model = await workspace.model(name);
  assert.ok(model, `${name} is not deployed`);
  return model;
}

function endpointOf(model: DeployedModel): string {
  assert.ok(model.endpoint, `${model.name} has no endpoint: ${model.phase} ${model.reason?.message ?? ''}`);
  return model.endpoint;
}

async function collect(lines: AsyncIterable<LogLine>): Promise<readonly LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

function assertOneOf(body: string, expected: readonly unknown[]): void {
  const { predictions } = JSON.parse(body) as { readonly predictions: unknown };
  const matches = expected.some((one) => {
    try {
      assertPredictions(predictions, one);
      return true;
    } catch {
      return false;
    }
  });
  assert.ok(matches, `an answer during the takeover was neither of the old release nor of the new one: ${body}`);
}
