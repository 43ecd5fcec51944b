import type { LoadCommand } from './command';

/** Every command: its id in the manifest, and its file. To add one: a file beside this one, and one line here. */
export const commands: Readonly<Record<string, LoadCommand>> = {
  'slipway.deployModel': async () => (await import('./deployModel')).deployModel,
  'slipway.inspectProject': async () => (await import('./inspectProject')).inspectProject,
  'slipway.trainAgain': async () => (await import('./trainAgain')).trainAgain,
  'slipway.openEndpoint': async () => (await import('./openEndpoint')).openEndpoint,
  'slipway.scale': async () => (await import('./scale')).scale,
  'slipway.rollBack': async () => (await import('./rollBack')).rollBack,
  'slipway.stop': async () => (await import('./stop')).stop,
  'slipway.start': async () => (await import('./start')).start,
  'slipway.remove': async () => (await import('./remove')).remove,
  'slipway.refresh': async () => (await import('./refresh')).refresh,
  'slipway.installPython': async () => (await import('./installPython')).installPython,
  'slipway.showLog': async () => (await import('./showLog')).showLog,
};
