import { mkdir } from 'node:fs/promises';
import type { SupervisorConnection } from './connection';
import { listModels, modelFrom, stoppedModel } from './modelFolder';
import { connectSupervisor, unlessItEnds } from './supervisor';
import { ChangeSignal } from '../../clients/files/changeSignal';
import type { DeployedModel } from '../../core/deployment';
import type { Home } from '../../core/home';

/** New models and supervisors that died are noticed at the latest after this time; state changes arrive at once. */
const pollMs = 1000;
/** Several changes at once become one snapshot. */
const settleMs = 50;

/** A snapshot of all models at once, then one whenever something changed. Holds one connection a running model. */
export async function* watchModels(
  home: Home,
  program: string,
  signal: AbortSignal,
): AsyncGenerator<readonly DeployedModel[]> {
  await mkdir(home.models, { recursive: true });
  const changes = new ChangeSignal(home.models, pollMs);
  const watched = new Map<string, Watched>();
  let last = '';
  try {
    for (;;) {
      await follow(home, program, watched, changes, signal);
      const models = (
        await Promise.all([...watched].map(async ([name, one]) => one.model ?? (await stoppedModel(home, name))))
      ).filter((model) => model !== undefined);
      const text = JSON.stringify(models);
      if (text !== last) {
        last = text;
        yield models;
      }
      await changes.wait(signal);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
    }
  } finally {
    changes.close();
    for (const one of watched.values()) one.connection?.close();
  }
}

interface Watched {
  connection: SupervisorConnection | undefined;
  model: DeployedModel | undefined;
}

async function follow(
  home: Home,
  program: string,
  watched: Map<string, Watched>,
  changes: ChangeSignal,
  signal: AbortSignal,
): Promise<void> {
  const names = await listModels(home);
  for (const [name, one] of watched) {
    if (names.includes(name)) continue;
    one.connection?.close();
    watched.delete(name);
  }
  for (const name of names) {
    const one = watched.get(name) ?? { connection: undefined, model: undefined };
    watched.set(name, one);
    if (one.connection === undefined) await attach(home, name, program, one, changes, signal);
  }
}

async function attach(
  home: Home,
  name: string,
  program: string,
  one: Watched,
  changes: ChangeSignal,
  signal: AbortSignal,
): Promise<void> {
  const connection = await connectSupervisor(home, name, program, signal);
  if (connection === undefined) return;
  one.connection = connection;
  connection.onEvent((event) => {
    if (event['event'] !== 'state') return;
    one.model = modelFrom(event['state']);
    changes.notify();
  });
  connection.onClose(() => {
    one.connection = undefined;
    one.model = undefined;
    changes.notify();
  });
  const state = await unlessItEnds(connection.request('status', {}, signal));
  if (state === undefined) return;
  one.model = modelFrom(state);
  await unlessItEnds(connection.request('watch', {}, signal));
}
