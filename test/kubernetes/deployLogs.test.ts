import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LogLine } from '../../src/core/logs';
import { followLogs, type LogEntry } from '../../src/pipeline/followLogs';
import { eventually } from '../support/eventually';
import { plainProject } from '../support/plainProject';
import { openWorkspace, type Workspace } from '../support/workspace';
import { openDeployBench, type DeployBench } from './deployBench';

/** Each replica counts aloud from its start on. */
const counting = `import os, threading, time

def count():
    number = 0
    while True:
        number += 1
        print(f"tick {number}", flush=True)
        time.sleep(0.02)

def load():
    if os.path.exists('/opt/slipway/bundle'):
        threading.Thread(target=count, daemon=True).start()
`;

describe('Logs of a model on Kubernetes', { timeout: 10 * 60_000 }, () => {
  let bench: DeployBench;
  let workspace: Workspace;
  before(async () => {
    bench = await openDeployBench();
    workspace = await openWorkspace(await bench.namespace('logs'));
    const folder = await workspace.writeProject('counts', plainProject([{ id: 'load', source: counting }]));
    await workspace.deploy({ path: folder });
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
    await bench.cluster.stop();
  });

  it('lose no line and repeat none, through a restart of the API server and other pods', async () => {
    const target = await workspace.target();
    const stop = new AbortController();
    const entries: LogEntry[] = [];
    const exists = async (): Promise<boolean> => (await workspace.model('counts')) !== undefined;
    const following = (async () => {
      const source = target.logs.bind(undefined, 'counts');
      for await (const entry of followLogs(source, { exists }, stop.signal)) entries.push(entry);
    })();
    following.catch(() => undefined);
    const lines = (): readonly LogLine[] => entries.flatMap((entry) => (entry.kind === 'line' ? [entry.line] : []));
    const newest = (source: string): number => ticks(lines(), source).at(-1) ?? 0;
    const sources = (): readonly string[] => [...new Set(lines().map((line) => line.source))];
    await eventually('the first replica is heard', 30, () => lines().some(({ text }) => text.startsWith('tick')));
    const [first = ''] = sources();

    await bench.cluster.restartApiserver();
    const before = newest(first);
    await eventually('it is heard again after the restart', 60, () => newest(first) > before + 100);

    await target.scale?.('counts', 2, workspace.signal);
    await eventually('the second replica is heard', 10, () => sources().length === 2);
    const [pod = ''] = (await bench.cluster.kubectl('get', 'pods', '-n', 'logs', '-o=name')).split('\n');
    await bench.cluster.kubectl('delete', pod, '-n', 'logs');
    await eventually('the one in its place is heard', 90, () => sources().length === 3);

    stop.abort();
    await following.catch(() => undefined);
    assert.deepEqual(
      entries.filter(({ kind }) => kind !== 'line'),
      [],
    );
    assert.deepEqual(
      lines().map(({ seq }) => seq),
      lines().map((_, index) => index + 1),
    );
    for (const source of sources()) {
      const heard = ticks(lines(), source);
      assert.deepEqual(
        heard,
        heard.map((_, index) => index + 1),
        `${source} has lost or doubled lines`,
      );
    }
  });

  it('tell of a container that was started again, with what it wrote before', async () => {
    const target = await workspace.target();
    const [worker] = (await workspace.model('counts'))?.workers ?? [];
    const pod = worker?.name ?? '';
    await bench.cluster.kubectl('exec', pod, '-n', 'logs', '--', 'python3', '-c', 'import os; os.kill(1, 15)');
    await eventually('it was started again', 90, async () =>
      ((await workspace.model('counts'))?.workers ?? []).some(({ name, restarts }) => name === pod && restarts === 1),
    );
    await eventually('the log has both', 60, async () => {
      const all: LogLine[] = [];
      for await (const line of target.logs('counts', { follow: false }, workspace.signal)) all.push(line);
      const own = all.filter(({ source }) => pod.endsWith(source.split('/')[1] ?? '?'));
      const mark = own.findIndex(({ stream, text }) => stream === 'system' && text.includes('restarted'));
      const firsts = own.filter(({ text }) => text === 'tick 1').length;
      return mark > 0 && firsts === 2 && own.slice(mark).some(({ text }) => text === 'tick 1');
    });
  });
});

function ticks(lines: readonly LogLine[], source: string): readonly number[] {
  return lines
    .filter((line) => line.source === source && line.text.startsWith('tick '))
    .map(({ text }) => Number(text.slice('tick '.length)));
}
