import { isDeepStrictEqual } from 'node:util';
import path from 'node:path';
import { openWorkspace } from '../../support/workspace';
import { median, percentile, table, times } from './figures';
import { burst } from './httpClient';
import { makeModel, startKServe, startMlServer, startSlipway, type BenchJob, type RunningServer } from './serverKinds';
import { uvTools } from './uv';

const rounds = 5;
const connectionCounts = [1, 8] as const;
const warmUp = { milliseconds: 700, requests: 1000 };
const measured = { milliseconds: 2000, requests: 20_000 };

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

const servers = [startSlipway, startMlServer, startKServe] as const;
const inferPath = '/v2/models/iris/infer';
const contenders: readonly Contender[] = [
  { name: 'Slipway, v2 infer', server: 0, path: inferPath, body: infer, prediction: (answer) => answer.outputs?.[0]?.data[0] },
  { name: 'Slipway, /invocations', server: 0, path: '/invocations', body: JSON.stringify({ inputs: [flower] }), prediction: (answer) => answer.predictions?.[0] },
  { name: 'MLServer 1.7.1, v2 infer', server: 1, path: inferPath, body: infer, prediction: (answer) => answer.outputs?.[0]?.data[0] },
  { name: 'KServe SDK 0.21.0, v2 infer', server: 2, path: inferPath, body: infer, prediction: (answer) => answer.outputs?.[0]?.data[0] },
];

interface Sample {
  readonly perSecond: number;
  readonly p99: number;
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
    const urls = contenders.map((one) => `${running[one.server]?.endpoint ?? ''}${one.path}`);
    await expectEqualPredictions(urls);
    return report(await measure(urls));
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    await workspace.close();
  }
}

async function expectEqualPredictions(urls: readonly string[]): Promise<void> {
  const predictions = await Promise.all(contenders.map(async ({ body, prediction }, index) => {
    const headers = { 'content-type': 'application/json', connection: 'close' };
    const response = await fetch(urls[index] ?? '', { method: 'POST', headers, body });
    const text = await response.text();
    const found = response.ok ? prediction(JSON.parse(text) as Answer) : undefined;
    if (found === undefined) throw new Error(`${urls[index] ?? ''} answered ${response.status}: ${text}`);
    return found;
  }));
  if (!predictions.every((one) => isDeepStrictEqual(one, predictions[0]))) throw new Error(`The servers predict different things: ${JSON.stringify(predictions)}`);
}

/** By number of connections and contender. Every round asks all of them, in turning order. */
async function measure(urls: readonly string[]): Promise<ReadonlyMap<number, readonly (readonly Sample[])[]>> {
  const samples = new Map(connectionCounts.map((count) => [count as number, contenders.map((): Sample[] => [])]));
  for (let round = 0; round < rounds; round++) {
    for (const [connections, byContender] of samples) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const index = (turn + round) % contenders.length;
        const [url = '', body = ''] = [urls[index], contenders[index]?.body];
        await burst(url, body, { connections, ...warmUp });
        const { requestsPerSecond, latencies } = await burst(url, body, { connections, ...measured });
        byContender[index]?.push({ perSecond: requestsPerSecond, p99: percentile(latencies, 0.99) });
      }
    }
  }
  return samples;
}

function report(samples: ReadonlyMap<number, readonly (readonly Sample[])[]>): string {
  const rows = [...samples].flatMap(([connections, byContender]) => {
    const speeds = byContender.map((one) => median(one.map((sample) => sample.perSecond)));
    const best = Math.max(...contenders.map((one, index) => (one.server === 0 ? 0 : (speeds[index] ?? 0))));
    return contenders.map(({ name, server }, index) => {
      const p99 = median((byContender[index] ?? []).map((sample) => sample.p99));
      const ratio = server === 0 ? times((speeds[index] ?? 0) / best) : '';
      return [name, String(connections), (speeds[index] ?? 0).toFixed(0), `${p99.toFixed(2)} ms`, ratio];
    });
  });
  return table([['One-row prediction', 'connections', 'requests/s', 'p99', 'of the better other (goal >= 2 x)'], ...rows]);
}
