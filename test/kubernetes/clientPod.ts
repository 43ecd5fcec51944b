import type { TestCluster } from '../testbed/kubernetes/cluster';

/** Asks for an address. @returns the status that was answered; `none` where nobody answers within three seconds */
export type Ask = (url: string) => Promise<string>;

const script = `import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=3).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print('none')`;

/** What pods see of the network: starts one that asks from a namespace. @param image has Python */
export async function startClient(cluster: TestCluster, image: string, namespace: string): Promise<Ask> {
  const pod = ['-n', namespace, 'run', 'client', `--image=${image}`, '--restart=Never'];
  await cluster.kubectl(...pod, '--command', '--', 'sleep', 'infinity');
  await cluster.kubectl('-n', namespace, 'wait', '--for=condition=Ready', 'pod/client', '--timeout=60s');
  return askFrom(cluster, namespace, 'pod/client');
}

/** @param pod as kubectl names one: `deploy/web` */
export function askFrom(cluster: TestCluster, namespace: string, pod: string): Ask {
  return async (url) => {
    const words = ['-n', namespace, 'exec', pod, '--', 'python3', '-c', script, url];
    return (await cluster.kubectl(...words)).trim();
  };
}
