import { clientFor, resourcePath, resources, watchList, type KubeContext } from '../../src/clients/kubernetes';

/** Follows the namespaces of a context that it is sent, and tells their names after every change, in a process of its own. */
process.once('message', (context) => {
  void follow(context as KubeContext);
});

async function follow(context: KubeContext): Promise<void> {
  const list = { what: 'list namespaces', path: resourcePath(resources.namespaces) };
  const never = new AbortController().signal;
  for await (const { items } of watchList(clientFor(context), list, ({ metadata }) => metadata.name, never))
    process.send?.([...items.values()]);
}
