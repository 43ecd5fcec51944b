import { UserError } from '../core/errors';
import type { Target } from '../core/target';
import { whileReachable, type Reached } from './reach';

export interface Prediction {
  /** The whole answer of `POST /invocations`. */
  readonly answer: { readonly predictions: unknown };
  readonly ms: number;
}

/**
 * Sends one body of MLflow's scoring protocol to a model.
 * @throws UserError ModelNotFound, ModelNotReady, PredictionFailed
 */
export async function predict(target: Target, name: string, body: string, signal: AbortSignal): Promise<Prediction> {
  const model = (await target.models(signal)).find((one) => one.name === name);
  if (model === undefined) {
    throw new UserError('ModelNotFound', `There is no model named ${name} on ${target.displayName}.`, {
      remedy: { kind: 'runCommand', label: 'Deploy Model', command: 'slipway.deployModel' },
    });
  }
  if (model.endpoint === undefined) {
    throw new UserError(
      'ModelNotReady',
      `${name} does not answer: it is ${model.phase}. ${model.reason?.message ?? ''}`.trim(),
      {
        remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [name] },
      },
    );
  }
  return whileReachable(target, model, signal, (at) => ask(at, name, body, signal));
}

async function ask(
  { url, headers: key }: Reached,
  name: string,
  body: string,
  signal: AbortSignal,
): Promise<Prediction> {
  const started = performance.now();
  // A connection that was kept since before a takeover is answered once more by the release that leaves.
  const headers = { 'content-type': 'application/json', connection: 'close', ...key };
  const response = await fetch(`${url}/invocations`, { method: 'POST', headers, body, signal }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw new UserError('ModelNotReady', `${name} did not answer at ${url}.`, { cause });
    },
  );
  const text = await response.text();
  const ms = Math.round((performance.now() - started) * 10) / 10;
  const answer = parseAnswer(text);
  if (!response.ok || answer === undefined) {
    throw new UserError('PredictionFailed', `${name} answered ${String(response.status)}: ${errorIn(text)}`, {
      remedy: {
        kind: 'hint',
        label:
          "Compare the request with the model's input example; the log has the traceback of a failure in the notebook's code.",
      },
      details: { status: response.status, body: text },
    });
  }
  return { answer, ms };
}

function parseAnswer(text: string): { readonly predictions: unknown } | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && 'predictions' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

function errorIn(text: string): string {
  try {
    const value = JSON.parse(text) as { readonly error?: unknown };
    return typeof value.error === 'string' ? value.error : text;
  } catch {
    return text.slice(0, 500);
  }
}
