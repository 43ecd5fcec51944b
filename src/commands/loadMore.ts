import type { Command } from './command';

/** Shows the next rows of a long list. The row hands over what does it. */
export const loadMore: Command = (_app, load) => {
  if (typeof load === 'function') (load as () => void)();
  return Promise.resolve();
};
