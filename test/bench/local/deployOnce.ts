import { errorOf, slipway, type JsonObject } from '../../support/cli';

/** One `slipway deploy`, as a person waits for it. */
export interface DeployFigures {
  /** From the start of the process until the model answered a request of ours, sent when the deploy was told as done. */
  readonly ms: number;
  /** What the cells themselves took. */
  readonly notebookMs: number;
  /** By step, in their order. */
  readonly steps: Readonly<Record<string, number>>;
  readonly unchanged: boolean;
}

/** What the example project's notebook answers for the first flower of its `example.json`. */
export const irisRequest = {
  dataframe_split: {
    columns: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'],
    data: [[5.1, 3.5, 1.4, 0.2]],
  },
};
export const irisSpecies = 'setosa';

/** @throws Error when the deploy fails or the model answers something else than it should */
export async function deployOnce(project: string, home: string, env: NodeJS.ProcessEnv): Promise<DeployFigures> {
  const started = performance.now();
  let answered: Promise<number> | undefined;
  const onLine = (line: string): void => {
    const { event, model } = JSON.parse(line) as {
      readonly event: string;
      readonly model?: { readonly endpoint: string };
    };
    if (event !== 'deployed' || model === undefined) return;
    answered = expectSpecies(`${model.endpoint}/invocations`).then(() => performance.now() - started);
  };
  const args = ['deploy', project, '--home', home, '--yes', '--json'];
  const result = await slipway(args, { env, timeoutMs: 600_000, onLine });
  const deployed = result.json.find((event) => event['event'] === 'deployed');
  if (result.exitCode !== 0 || deployed === undefined || answered === undefined)
    throw new Error(`The deploy failed: ${errorOf(result).message ?? result.stderr}`);
  const ms = await answered;
  return {
    ms,
    notebookMs: sumOf(result.json, 'cell'),
    steps: stepsOf(result.json),
    unchanged: deployed['unchanged'] === true,
  };
}

/** @throws Error when the answer is not the one expected */
export async function expectSpecies(url: string): Promise<void> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(irisRequest) });
  const answer = (await response.json()) as { readonly predictions?: readonly unknown[] };
  if (answer.predictions?.[0] !== irisSpecies) throw new Error(`The model answered ${JSON.stringify(answer)}.`);
}

function sumOf(events: readonly JsonObject[], kind: string): number {
  return events.filter((event) => event['event'] === kind).reduce((sum, event) => sum + Number(event['ms'] ?? 0), 0);
}

function stepsOf(events: readonly JsonObject[]): Readonly<Record<string, number>> {
  const done = events.filter((event) => event['event'] === 'step' && event['state'] === 'done');
  return Object.fromEntries(done.map((event) => [String(event['step']), Number(event['ms'] ?? 0)]));
}
