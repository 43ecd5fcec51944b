import { rm } from 'node:fs/promises';
import { controlAddress } from './modelFolder';
import { UserError } from '../../core/errors';
import type { Home } from '../../core/home';

/** Removes a model that nobody supervises: its folder is all that is left of it. */
export async function removeStopped(home: Home, name: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if ((await controlAddress(home, name)) !== undefined) {
    throw new UserError(
      'SupervisorUnreachable',
      `The supervisor of ${name} runs but does not answer, so the model was not removed.`,
      {
        remedy: {
          kind: 'hint',
          label: 'Try again in a few seconds; if it persists, end the process whose id is in supervisor.json.',
        },
      },
    );
  }
  await rm(home.model(name), { recursive: true, force: true });
}
