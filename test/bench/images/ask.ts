import { setTimeout as delay } from 'node:timers/promises';
import type { TestEngine } from '../../testbed/docker/engine';
import { answer, question } from './project';

const patienceMs = 120_000;

/** Runs an image until it has answered a prediction, then removes the container. @throws Error with the container's log */
export async function askUntilAnswered(engine: TestEngine, image: string): Promise<void> {
  const id = (await engine.docker('run', '--detach', '--network', 'host', image)).trim();
  try {
    const url = `http://${engine.network.ownAddress}:8080/predict`;
    const end = performance.now() + patienceMs;
    while ((await ask(url))?.join() !== answer.join()) {
      if (performance.now() > end) throw new Error(`${image} did not answer:\n${await engine.docker('logs', id)}`);
      await delay(10);
    }
  } finally {
    await engine.docker('rm', '--force', id);
  }
}

async function ask(url: string): Promise<readonly unknown[] | undefined> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  try {
    const response = await fetch(url, { method: 'POST', headers, body: question });
    return response.ok
      ? ((await response.json()) as { readonly predictions: readonly unknown[] }).predictions
      : undefined;
  } catch {
    return undefined;
  }
}
