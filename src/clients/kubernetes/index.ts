/** The API servers of Kubernetes. It is large, so import it only with `import()` from what starts early. */
export type { KubeClient } from './client';
export { openExec } from './exec';
export type { PodLogLine } from './logLines';
export { readPodLog } from './podLog';
export { listenForPods } from './portForward';
export { clientFor } from './pool';
export type { KubeContext } from './kubeconfig';
export { resourcePath, resources, type KubeMetadata, type KubeObject, type Resource } from './objects';
export type { TabledObject } from './table';
export { isLasting } from './failures';
export { listPages, watchList, type Watched } from './watchList';
export type { WatchedList } from './watchStream';
