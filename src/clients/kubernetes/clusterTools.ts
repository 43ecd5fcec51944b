import { isUserError, UserError } from '../../core/errors';
import { inertText } from '../../core/inertText';
import { runProcess } from '../process/runProcess';
import { findUserProgram, userPath } from '../process/shellPath';

/** A program that makes or knows clusters, and writes how to reach them into a kubeconfig file. */
export interface ClusterTool {
  readonly program: string;
  readonly displayName: string;
  /** Arguments that list clusters. */
  readonly list: readonly string[];
  /** What the list says. @throws where it is not what the program documents */
  readonly parse: (stdout: string) => readonly FoundCluster[];
}

export interface FoundCluster {
  readonly name: string;
  /** Region, resource group, state: what tells it from others. */
  readonly description: string;
  /** Arguments that write its credentials into the kubeconfig. */
  readonly credentials: readonly string[];
}

/** What one tool answered. */
export interface ToolAnswer {
  readonly tool: ClusterTool;
  readonly clusters: readonly FoundCluster[];
  /** Why it listed none, in its own words: its login has expired, for instance. */
  readonly problem: string | undefined;
}

/** Cloud command lines may take long to begin with. */
const listMs = 60_000;
const credentialsMs = 120_000;

type Json = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const described = (...parts: readonly unknown[]): string =>
  parts
    .map(textOf)
    .filter((part) => part !== '')
    .join(' · ');

/** To add one: an entry here. */
const tools: readonly ClusterTool[] = [
  {
    // https://cloud.google.com/sdk/gcloud/reference/container/clusters/get-credentials
    program: 'gcloud',
    displayName: 'Google Kubernetes Engine',
    list: ['container', 'clusters', 'list', '--format=json', '--quiet'],
    parse: (stdout) =>
      (JSON.parse(stdout) as readonly Json[]).map((one) => ({
        name: textOf(one['name']),
        description: described(one['location'], one['currentMasterVersion'], one['status']),
        credentials: [
          ...['container', 'clusters', 'get-credentials', textOf(one['name'])],
          ...['--location', textOf(one['location']), '--quiet'],
        ],
      })),
  },
  {
    // https://docs.aws.amazon.com/cli/latest/reference/eks/update-kubeconfig.html
    program: 'aws',
    displayName: 'Amazon EKS',
    list: ['eks', 'list-clusters', '--output', 'json'],
    parse: (stdout) =>
      (JSON.parse(stdout) as { readonly clusters: readonly string[] }).clusters.map((name) => ({
        name,
        description: '',
        credentials: ['eks', 'update-kubeconfig', '--name', name],
      })),
  },
  {
    // https://learn.microsoft.com/cli/azure/aks#az-aks-get-credentials
    program: 'az',
    displayName: 'Azure Kubernetes Service',
    list: ['aks', 'list', '--output', 'json'],
    parse: (stdout) =>
      (JSON.parse(stdout) as readonly Json[]).map((one) => ({
        name: textOf(one['name']),
        description: described(one['resourceGroup'], one['location'], one['kubernetesVersion']),
        credentials: [
          ...['aks', 'get-credentials', '--name', textOf(one['name'])],
          ...['--resource-group', textOf(one['resourceGroup'])],
        ],
      })),
  },
  {
    // https://kind.sigs.k8s.io/docs/user/quick-start/
    program: 'kind',
    displayName: 'kind',
    list: ['get', 'clusters'],
    parse: (stdout) =>
      lines(stdout).map((name) => ({ name, description: '', credentials: ['export', 'kubeconfig', '--name', name] })),
  },
  {
    // https://minikube.sigs.k8s.io/docs/commands/profile/
    program: 'minikube',
    displayName: 'minikube',
    list: ['profile', 'list', '--output', 'json'],
    parse: (stdout) =>
      ((JSON.parse(stdout) as { readonly valid?: readonly Json[] }).valid ?? []).map((one) => ({
        name: textOf(one['Name']),
        description: described(one['Status']),
        credentials: ['update-context', '--profile', textOf(one['Name'])],
      })),
  },
  {
    // https://k3d.io/stable/usage/commands/k3d_kubeconfig_merge/
    program: 'k3d',
    displayName: 'k3d',
    list: ['cluster', 'list', '--output', 'json'],
    parse: (stdout) =>
      (JSON.parse(stdout) as readonly Json[]).map((one) => ({
        name: textOf(one['name']),
        description: '',
        credentials: ['kubeconfig', 'merge', textOf(one['name']), '--kubeconfig-merge-default'],
      })),
  },
];

/** Asks every tool that is installed for its clusters; one that fails or hangs keeps no other from answering. */
export async function findClusters(signal: AbortSignal): Promise<readonly ToolAnswer[]> {
  const found = await Promise.all(
    tools.map(async (tool) => {
      const program = await findUserProgram(tool.program, signal);
      return 'file' in program ? [await ask(tool, program.file, signal)] : [];
    }),
  );
  signal.throwIfAborted();
  return found.flat();
}

async function ask(tool: ClusterTool, file: string, signal: AbortSignal): Promise<ToolAnswer> {
  try {
    const { stdout, stderr, exitCode } = await run(file, tool.list, {}, listMs, signal);
    if (exitCode !== 0) return { tool, clusters: [], problem: said(stderr) };
    return { tool, clusters: tool.parse(stdout).filter(({ name }) => name !== ''), problem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { tool, clusters: [], problem: isUserError(error) ? error.message : 'Its list cannot be read.' };
  }
}

/**
 * Has a tool write how to reach one of its clusters into a kubeconfig file.
 * @param kubeconfig the file; empty for the one that the tool takes by itself
 * @throws UserError ClusterToolFailed with what the tool says
 */
export async function addCredentials(
  tool: ClusterTool,
  cluster: FoundCluster,
  kubeconfig: string,
  signal: AbortSignal,
): Promise<void> {
  const program = await findUserProgram(tool.program, signal);
  const file = 'file' in program ? program.file : tool.program;
  const env = kubeconfig === '' ? {} : { KUBECONFIG: kubeconfig };
  const { stderr, exitCode } = await run(file, cluster.credentials, env, credentialsMs, signal);
  if (exitCode === 0) return;
  const words = [tool.program, ...cluster.credentials].join(' ');
  throw new UserError(
    'ClusterToolFailed',
    `${tool.displayName} gave no way to ${cluster.name}. It says: ${said(stderr)}`,
    {
      remedy: { kind: 'hint', label: `Run in a terminal: ${words}` },
    },
  );
}

async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
  signal: AbortSignal,
) {
  const PATH = await userPath(signal);
  return runProcess(file, args, { env: { ...process.env, PATH, ...env }, timeoutMs }, signal);
}

function said(stderr: string): string {
  return inertText(stderr.trim().slice(-500));
}

/** kind says on standard error that there are none. */
function lines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
