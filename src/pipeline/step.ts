import type { DeployHost, DeployStep } from '../core/deploy';

interface StepResult<T> {
  readonly result: T;
  readonly message: string;
}

/** Runs one step of a deploy and reports its start, what it prints and how long it took. */
export async function step<T>(
  host: DeployHost,
  name: DeployStep,
  title: string,
  body: (progress: (line: string) => void) => Promise<StepResult<T>>,
): Promise<T> {
  const started = performance.now();
  host.report({ event: 'step', step: name, state: 'started', message: title });
  const { result, message } = await body((text) => {
    host.report({ event: 'output', source: name, text });
  });
  host.report({ event: 'step', step: name, state: 'done', message, ms: Math.round(performance.now() - started) });
  return result;
}
