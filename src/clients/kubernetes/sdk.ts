/**
 * What is used of client-node: its WebSockets, its proxies, and the providers of tokens that older kubeconfig files name.
 * Reading it takes a tenth of a second, in which the editor stands still, so import this with `import()` where one of
 * these is needed. Not the package's own entry: with it comes an API of which nothing is used here.
 */
export { KubeConfig } from '@kubernetes/client-node/dist/config.js';
export { PortForward } from '@kubernetes/client-node/dist/portforward.js';
export { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
