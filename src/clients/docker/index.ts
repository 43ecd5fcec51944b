/** Import this module with `import()`: it brings the SDK, which nothing else needs. */
export { buildFailed, buildOnEngine, type EngineBuild } from './build';
export { openEngine, type DockerEngine } from './connect';
export { pushFromEngine, saveFromEngine } from './ship';
