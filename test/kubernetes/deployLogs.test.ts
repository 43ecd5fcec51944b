import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { clientFor, type KubeContext } from '../../src/clients/kubernetes';
import { loadKubeconfig } from '../../src/clients/kubernetes/kubeconfigFiles';
import { inertText } from '../../src/core/inertText';
import type { LogLine } from '../../src/core/logs';
import type { Place } from '../../src/targets/kubernetes/place';
import { followLogs, type LogEntry } from '../../src/pipeline/followLogs';
import { isAlive } from '../../src/clients/files/lockFile';
import { heldForwards, type HeldForward } from '../../src/pipeline/forwards/heldForwards';
import { buildCli, slipway } from '../support/cli';
import { eventually } from '../support/eventually';
import { openNetwork, type Network } from '../support/network';
import { plainProject } from '../support/plainProject';
import { namesIn, openWorkspace, resources, type Workspace } from '../support/workspace';
import { openDeployBench, type DeployBench } from './deployBench';
import { itHearsAllThatIsPoured } from './pouredLogs';
import { flooding, hear, pouring, raving, startTalker, ticking, type Heard } from './talker';

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
  /** The same cluster through a network that fails. */
  let network: Network;
  let place: Place;
  let direct: KubeContext;
  before(async () => {
    bench = await openDeployBench({ keepsLittle: true });
    const [read] = (await loadKubeconfig([bench.cluster.kubeconfig])).contexts;
    assert.ok(read !== undefined);
    network = await openNetwork(bench.cluster.server);
    const server = `https://127.0.0.1:${network.port}`;
    direct = read;
    const context = { ...read, cluster: { ...read.cluster, server, tlsServerName: 'kubernetes' } };
    place = { client: clientFor(context), namespace: 'talk' };
    await bench.cluster.kubectl('create', 'namespace', 'talk');
    workspace = await openWorkspace(await bench.namespace('logs'));
    const folder = await workspace.writeProject('counts', plainProject([{ id: 'load', source: counting }]));
    await workspace.deploy({ path: folder });
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
    network.close();
    await bench.cluster.stop();
  });
  const talk = (name: string, script: string, replicas = 1): Promise<void> =>
    startTalker(bench.cluster, { name, namespace: 'talk', image: bench.base, script, replicas });
  const kubectl = (...args: string[]): Promise<string> => bench.cluster.kubectl('--namespace=talk', ...args);

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

  it('lose and repeat nothing through twenty cuts, restarts of containers and new pods', async () => {
    await talk('ticks', ticking, 2);
    await eventually('both run', 60, async () => (await running(kubectl)) === 2);
    await using heard = hear(place, 'ticks');
    await eventually('both are heard', 10, () => heard.sources.length === 2);
    for (let cut = 0; cut < 20; cut++) {
      const before = heard.lines.length;
      network.cut();
      await eventually('it is heard again', 20, () => heard.lines.length > before + 100);
    }
    await kubectl('scale', 'deployment/ticks', '--replicas=3');
    await eventually('the third runs', 30, async () => (await running(kubectl)) === 3);
    await eventually('the third is heard', 2, () => heard.sources.length === 3);

    const [pod = ''] = (await kubectl('get', 'pods', '-o=name')).split('\n');
    const source = `1/${pod.replace('pod/ticks-', '')}`;
    for (const times of ['once', '2 times']) {
      // The command may end with the container.
      await kubectl('exec', pod, '--', 'python3', '-c', 'import os; os.kill(1, 15)').catch(() => undefined);
      await eventually('the restart is told, and what comes after it', 60, () => {
        const own = heard.lines.filter((line) => line.source === source);
        const mark = own.findIndex((line) => line.text.endsWith(`Error 3 (${times} so far)`));
        return mark > 0 && own.length > mark + 200;
      });
    }
    await kubectl('delete', pod);
    await eventually('another is in its place', 30, () => heard.sources.length === 4);
    await eventually('and is heard', 5, () => heard.numbers(heard.sources[3] ?? '').length > 100);

    assert.deepEqual(
      heard.entries.filter((entry) => entry.kind !== 'line'),
      [],
    );
    const told = heard.lines.filter(({ stream }) => stream === 'system').map(({ text }) => text);
    assert.equal(told.filter((text) => text.includes('was started on')).length, 4, told.join('\n'));
    assert.equal(told.length, 6, told.join('\n'));
    for (const one of heard.sources) assertUnbroken(heard, one);
    assert.deepEqual(starts(heard, source).length, 3);
    await kubectl('delete', 'deployment/ticks');
  });

  it('say where lines are missing that the node has thrown away, and how many they are', async () => {
    const runtime = await readFile(path.join(resources, 'runtime', 'slipway_worker', 'counted.py'), 'utf8');
    await talk('floods', runtime + flooding);
    await eventually('it runs', 60, async () => (await running(kubectl, 'floods')) === 1);
    await using heard = hear(place, 'floods');
    const numbers = (): readonly number[] =>
      heard.lines.flatMap(({ text }) => (text.startsWith('tick ') ? [Number(text.split(' ')[1])] : []));
    await eventually('it is heard', 60, () => numbers().length > 5000);
    network.refuse(true);
    network.cut();
    const last = numbers().at(-1) ?? 0;
    await eventually('the node has thrown lines away', 60, async () => {
      const kept = await kubectl('logs', 'deployment/floods', '--limit-bytes=200');
      return Number(/tick (\d+)/.exec(kept)?.[1] ?? 0) > last + 1;
    });
    network.refuse(false);
    await eventually('the loss is told', 30, () => heard.entries.some(({ kind }) => kind === 'gap'));
    const after = numbers().findIndex((number) => number > last + 1 && !numbers().includes(number - 1));
    const missing = (numbers()[after] ?? 0) - (numbers()[after - 1] ?? 0) - 1;
    assert.ok(missing > 0);
    const told = heard.entries.flatMap((entry) => (entry.kind === 'gap' ? [entry.lost] : []));
    assert.deepEqual(told, [missing]);
    assert.equal(heard.lines.filter(({ text }) => text.startsWith('Lines are missing here')).length, 1);
    assert.equal(heard.lines.filter(({ text }) => text.startsWith('slipway: ')).length, 0);
    assert.equal(heard.lines.filter(({ text }) => text === 'a child speaks').length, 1);
    await kubectl('delete', 'deployment/floods');
  });

  itHearsAllThatIsPoured(() => ({ context: direct, pour: (name) => talk(name, pouring) }));

  it('carry whatever was written, cut where it is too long', async () => {
    await talk('raves', raving);
    await eventually('it runs', 60, async () => (await running(kubectl, 'raves')) === 1);
    await using heard = hear(place, 'raves');
    await eventually('all is heard', 30, () => heard.lines.some(({ text }) => text === 'last'));
    const said = heard.lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text);
    assert.equal(said.length, 8);
    assert.equal(said[1], `${'x'.repeat(65_536)} … (cut, 10485760 bytes)`);
    assert.equal(said[2], 'bad \ufffd\ufffd\ufffd bytes');
    assert.equal(inertText(said[4] ?? ''), 'red text');
    assert.equal(said[5], '');
    await kubectl('delete', 'deployment/raves');
  });

  it('come with a port of this machine that stays, whatever happens to pods and the API server', async () => {
    await buildCli();
    const own = [
      '--home',
      workspace.home,
      '--kubeconfig',
      bench.cluster.kubeconfig,
      '--target',
      'kubernetes:testbed/logs',
    ];
    const run = (...args: string[]) => slipway([...args, ...own, '--json']);
    const opened = await Promise.all([run('forward', 'counts'), run('forward', 'counts')]);
    for (const { exitCode, stdout } of opened) assert.equal(exitCode, 0, stdout);
    const [held, ...others] = await heldForwards(workspace.services.home);
    assert.ok(held !== undefined);
    assert.deepEqual(others, []);
    const addresses = opened.map(({ json }) => (json[0]?.['forward'] as HeldForward).url);
    assert.deepEqual(addresses, [held.url, held.url]);
    const answers = (): Promise<boolean> =>
      fetch(`${held.url}/v2/health/ready`, { headers: { connection: 'close' } }).then(
        ({ ok }) => ok,
        () => false,
      );
    assert.ok(await answers());
    const [shown] = (await run('models')).json;
    assert.equal(shown?.['forward'], held.url);

    await bench.cluster.kubectl('delete', 'pods', '--all', '-n', 'logs', '--wait=false');
    await eventually('another pod answers at the same port', 90, answers);
    await bench.cluster.restartApiserver();
    await eventually('it answers after the API server', 60, answers);
    await eventually(
      'it says so',
      30,
      async () => (await heldForwards(workspace.services.home))[0]?.phase === 'active',
    );

    const again = (await run('forward', 'counts')).json[0]?.['forward'] as HeldForward;
    assert.deepEqual([again.pid, again.url], [held.pid, held.url]);
    assert.equal((await run('forward', 'counts', '--stop')).json[0]?.['wasHeld'], true);
    await eventually('the process has ended', 10, () => !isAlive(held.pid));

    const other = (await run('forward', 'counts')).json[0]?.['forward'] as HeldForward;
    await (await workspace.target()).remove('counts', workspace.signal);
    await eventually('it ends with the model', 30, () => !isAlive(other.pid));
    assert.deepEqual(await namesIn(workspace.services.home.forwards), []);
  });
});

function ticks(lines: readonly LogLine[], source: string): readonly number[] {
  return lines
    .filter((line) => line.source === source && line.text.startsWith('tick '))
    .map(({ text }) => Number(text.slice('tick '.length)));
}

async function running(kubectl: (...args: string[]) => Promise<string>, model = 'ticks'): Promise<number> {
  const pods = await kubectl('get', 'pods', `--selector=slipway.dev/model=${model}`, '--no-headers');
  return pods.split('\n').filter((line) => line.includes('Running')).length;
}

/** Where a source began to count, which each of its containers does once. */
function starts(heard: Heard, source: string): readonly number[] {
  return heard.numbers(source).flatMap((number, index) => (number === 1 ? [index] : []));
}

function assertUnbroken(heard: Heard, source: string): void {
  const numbers = heard.numbers(source);
  const broken = numbers.findIndex((number, index) => number !== 1 && number !== (numbers[index - 1] ?? 0) + 1);
  assert.equal(broken, -1, `${source}: ${numbers.slice(broken - 2, broken + 2).join(', ')}`);
}
