import type { Command } from './command';

/** Shows the next rows of a long list. The row hands over what does it. */
export const loadMore: Command = async (_app, load) => {
  if (typeof load === 'function') await (load as () => unknown)();
};
