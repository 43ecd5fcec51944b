import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LogLine } from '../../src/core/logs';
import { followLogs, type LogEntry } from '../../src/pipeline/followLogs';
import { readLogs } from '../../src/targets/kubernetes/logs/logs';
import { labels, manager } from '../../src/targets/kubernetes/names';
import type { Place } from '../../src/targets/kubernetes/place';
import type { TestCluster } from '../testbed/kubernetes/cluster';

export interface Talker {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Python. */
  readonly script: string;
  readonly replicas?: number;
}

/** Counts two hundred times a second, and ends when it is told to. */
export const ticking = `import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
number = 0
while True:
    number += 1
    print(f"tick {number}")
    time.sleep(0.005)
`;

/** Writes ten thousand lines a second for ten seconds, then how long it took. */
export const pouring = `import time
began = time.monotonic()
for number in range(1, 100_001):
    print(f"tick {number} {'.' * 20}")
    if number % 200 == 0:
        time.sleep(max(0, began + number / 10_000 - time.monotonic()))
print(f"end after {time.monotonic() - began:.1f} s")
time.sleep(1000)
`;

/** Writes faster than the node keeps, as our server writes. */
export const flooding = `
import subprocess
count_lines()
subprocess.run(['echo', 'a child speaks'])
number = 0
while True:
    for _ in range(500):
        number += 1
        print(f"tick {number} {'.' * 400}")
    time.sleep(0.05)
`;

/** What no terminal and no decoder likes. */
export const raving = String.raw`import os, sys, time
write = sys.stdout.buffer.write
write(b"first\n")
for _ in range(10): write(b"x" * (1 << 20))
write(b"\n")
write(b"bad \xff\xfe\x80 bytes\n" + b"zero \x00 byte\n" + b"\x1b[2J\x1b]0;title\x07red \x1b[31mtext\r\n" + b"\n")
write(bytes(range(256)).replace(b"\n", b"") * 100 + b"\n")
write(b"last\n")
time.sleep(1000)
`;

/** Makes what looks like a model and only writes: nothing is built for it. */
export async function startTalker(cluster: TestCluster, talker: Talker): Promise<void> {
  const { name, namespace, image, script, replicas = 1 } = talker;
  const own = { [labels.managedBy]: manager, [labels.model]: name, [labels.release]: '1' };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const container = { name: 'model', image, command: ['python3', '-u', '-c', script], securityContext };
  const manifest = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: own },
    spec: {
      replicas,
      selector: { matchLabels: { [labels.model]: name } },
      template: {
        metadata: { labels: own },
        spec: { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [container] },
      },
    },
  };
  const file = path.join(await mkdtemp(path.join(cluster.folder, 'talker-')), 'deployment.json');
  await writeFile(file, JSON.stringify(manifest));
  await cluster.kubectl('apply', '-f', file);
}

/** Everything that was heard of a model's log, until disposed. */
export interface Heard extends AsyncDisposable {
  readonly entries: readonly LogEntry[];
  readonly lines: readonly LogLine[];
  readonly sources: readonly string[];
  /** Numbers behind a word, of the lines of one source. */
  numbers(source: string, word?: string): readonly number[];
}

export function hear(place: Place, model: string): Heard {
  const stop = new AbortController();
  const entries: LogEntry[] = [];
  const exists = (): Promise<boolean> => Promise.resolve(true);
  const following = (async () => {
    const source = readLogs.bind(undefined, place, model);
    for await (const entry of followLogs(source, { exists }, stop.signal)) entries.push(entry);
  })();
  following.catch(() => undefined);
  const lines = (): readonly LogLine[] => entries.flatMap((entry) => (entry.kind === 'line' ? [entry.line] : []));
  return {
    entries,
    get lines() {
      return lines();
    },
    get sources() {
      return [...new Set(lines().map(({ source }) => source))];
    },
    numbers: (source, word = 'tick') =>
      lines()
        .filter((line) => line.source === source && line.text.startsWith(`${word} `))
        .map(({ text }) => Number(text.slice(word.length + 1))),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await following.catch(() => undefined);
    },
  };
}
