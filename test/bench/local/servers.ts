import { isDeepStrictEqual } from 'node:util';
import path from 'node:path';
import { openWorkspace } from '../../support/workspace';
import { median, percentile, table, times } from './figures';
import { burst } from './httpClient';
import { processorTime } from './machine';
import {
  makeModel,
  startFloor,
  startKServe,
  startMlServer,
  startSlipway,
  type BenchJob,
  type RunningServer,
} from './serverKinds';
import { uvTools } from './uv';

/** Many short rounds: what else the machine does then meets all of a round alike. */
const rounds = 20;
const connectionCounts = [1, 8] as const;
const warmUp = { milliseconds: 150, requests: 1000 };
const measured = { milliseconds: 500, requests: 20_000 };

const flower = [5.1, 3.5, 1.4, 0.2];
const infer = JSON.stringify({ inputs: [{ name: 'X', shape: [1, 4], datatype: 'FP64', data: flower }] });

/** One way to ask one server. */
interface Contender {
  readonly name: string;
  readonly server: number;
  readonly path: string;
  readonly body: string;
  /** The predicted class in an answer. */
  readonly prediction: (answer: Answer) => unknown;
}

interface Answer {
  readonly outputs?: readonly { readonly data: readonly unknown[] }[];
  readonly predictions?: readonly unknown[];
}

const servers = [startSlipway, startMlServer, startKServe, startFloor] as const;
const ours = 0;
const floor = 3;
const inferPath = '/v2/models/iris/infer';
const contenders: readonly Contender[] = [
  {
    name: 'Slipway, v2 infer',
    server: 0,
    path: inferPath,
    body: infer,
    prediction: (answer) => answer.outputs?.[0]?.data[0],
  },
  {
    name: 'Slipway, /invocations',
    server: 0,
    path: '/invocations',
    body: JSON.stringify({ inputs: [flower] }),
    prediction: (answer) => answer.predictions?.[0],
  },
  {
    name: 'MLServer 1.7.1, v2 infer',
    server: 1,
    path: inferPath,
    body: infer,
    prediction: (answer) => answer.outputs?.[0]?.data[0],
  },
  {
    name: 'KServe SDK 0.21.0, v2 infer',
    server: 2,
    path: inferPath,
    body: infer,
    prediction: (answer) => answer.outputs?.[0]?.data[0],
  },
  {
    name: 'a loop around predict',
    server: floor,
    path: inferPath,
    body: infer,
    prediction: (answer) => answer.outputs?.[0]?.data[0],
  },
];

interface Sample {
  readonly perSecond: number;
  readonly p99: number;
  /** Milliseconds of the server's processor time a request. */
  readonly processor: number;
}

/** One-row predictions of one scikit-learn model by three servers with one process each, asked in turn by one client. */
export async function serverFigures(): Promise<string> {
  const workspace = await openWorkspace({ target: 'local' });
  const running: RunningServer[] = [];
  try {
    const uv = await uvTools(workspace.signal);
    const job: BenchJob = { uv, workspace, model: path.join(workspace.root, 'model.joblib') };
    await makeModel(uv, job.model);
    for (const start of servers) running.push(await start(job));
    const targets = contenders.map((one) => ({
      ...one,
      url: `${running[one.server]?.endpoint ?? ''}${one.path}`,
      pid: running[one.server]?.pid ?? 0,
    }));
    await expectEqualPredictions(targets);
    return report(await measure(targets));
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    await workspace.close();
  }
}

interface Target extends Contender {
  readonly url: string;
  readonly pid: number;
}

async function expectEqualPredictions(targets: readonly Target[]): Promise<void> {
  const predictions = await Promise.all(targets.map(predictionOf));
  if (!predictions.every((one) => isDeepStrictEqual(one, predictions[0])))
    throw new Error(`The servers predict different things: ${JSON.stringify(predictions)}`);
}

async function predictionOf({ url, body, prediction }: Target): Promise<unknown> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  const found = response.ok ? prediction(JSON.parse(text) as Answer) : undefined;
  if (found === undefined) throw new Error(`${url} answered ${response.status}: ${text}`);
  return found;
}

type Samples = ReadonlyMap<number, readonly (readonly Sample[])[]>;

/** By number of connections and target. Every round asks all of them, in turning order. */
async function measure(targets: readonly Target[]): Promise<Samples> {
  const samples = new Map(connectionCounts.map((count) => [count as number, targets.map((): Sample[] => [])]));
  for (let round = 0; round < rounds; round++) {
    for (const [connections, byTarget] of samples) {
      for (let turn = 0; turn < targets.length; turn++) {
        const index = (turn + round) % targets.length;
        const target = targets[index];
        if (target !== undefined) byTarget[index]?.push(await sample(target, connections));
      }
    }
  }
  return samples;
}

async function sample({ url, body, pid }: Target, connections: number): Promise<Sample> {
  await burst(url, body, { connections, ...warmUp });
  const before = processorTime(pid);
  const { requestsPerSecond, latencies } = await burst(url, body, { connections, ...measured });
  return {
    perSecond: requestsPerSecond,
    p99: percentile(latencies, 0.99),
    processor: (processorTime(pid) - before) / latencies.length,
  };
}

function report(samples: Samples): string {
  const head = [
    'One-row prediction',
    'connections',
    'requests/s',
    'of the better other',
    'p99',
    'processor a request',
    'of the better other',
  ];
  const rows = [...samples].flatMap(([connections, byTarget]) => {
    const others = byTarget.filter((_, index) => ![ours, floor].includes(contenders[index]?.server ?? floor));
    const [fastest = []] = others.toSorted((a, b) => middle(b, 'perSecond') - middle(a, 'perSecond'));
    const [leanest = []] = others.toSorted((a, b) => middle(a, 'processor') - middle(b, 'processor'));
    return byTarget.map((all, index) => {
      const isOther = others.includes(all);
      return [
        contenders[index]?.name ?? '',
        String(connections),
        middle(all, 'perSecond').toFixed(0),
        isOther ? '' : times(middleRatio(all, fastest, 'perSecond')),
        `${middle(all, 'p99').toFixed(2)} ms`,
        `${middle(all, 'processor').toFixed(2)} ms`,
        isOther ? '' : times(middleRatio(leanest, all, 'processor')),
      ];
    });
  });
  return `Goal: at least 2 x the better other.\n\n${table([head, ...rows])}`;
}

function middle(samples: readonly Sample[], key: keyof Sample): number {
  return median(samples.map((one) => one[key]));
}

/** Of the ratios of each round. */
function middleRatio(above: readonly Sample[], below: readonly Sample[], key: keyof Sample): number {
  return median(above.map((one, round) => one[key] / (below[round]?.[key] ?? NaN)));
}
