import type { Command } from './command';

/** Ends a port forward. */
export const stopForward: Command = (app, subject) => {
  const id = (subject as { readonly node?: { readonly id?: string } } | undefined)?.node?.id;
  if (id !== undefined) app.forwards.stop(id);
  return Promise.resolve();
};
