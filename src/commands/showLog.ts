import type { Command } from './command';

export const showLog: Command = (app) => {
  app.log.show();
  return Promise.resolve();
};
