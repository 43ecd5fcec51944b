import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';

/** Where an API server is and how it proves itself. Paths are absolute, data is base64. */
export interface KubeCluster {
  readonly name: string;
  readonly server: string;
  readonly caFile?: string;
  readonly caData?: string;
  readonly tlsServerName?: string;
  readonly skipTLSVerify: boolean;
  readonly proxyUrl?: string;
  /** Handed to a credential plugin that asks for the cluster. */
  readonly pluginConfig?: unknown;
}

/** Who a user is. What is given by a file is read anew when it is needed, since such files rotate. */
export interface KubeUser {
  readonly name: string;
  readonly certFile?: string;
  readonly certData?: string;
  readonly keyFile?: string;
  readonly keyData?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly impersonateUser?: string;
  readonly exec?: ExecPlugin;
  readonly authProvider?: { readonly name: string; readonly config: Readonly<Record<string, string>> };
}

/** A credential plugin, https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint?: string;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  readonly provideClusterInfo: boolean;
  /** Folder of the kubeconfig: a relative command with a slash is looked for from there. */
  readonly folder: string;
}

/** A context with all that is needed to connect. */
export interface KubeContext {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly namespace: string | undefined;
  readonly cluster: KubeCluster;
  readonly user: KubeUser;
}

/** What is wrong with a kubeconfig file, or with one entry of it. Lines count from 1. */
export interface KubeconfigProblem {
  readonly file: string;
  readonly line?: number;
  /** Name of the context that cannot be used; absent when it is about the file. */
  readonly context?: string;
  readonly message: string;
}

export interface Kubeconfig {
  readonly contexts: readonly KubeContext[];
  readonly problems: readonly KubeconfigProblem[];
  readonly currentContext: string | undefined;
}

interface Entry {
  readonly name: string;
  readonly line: number;
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ParsedFile {
  readonly clusters: readonly Entry[];
  readonly users: readonly Entry[];
  readonly contexts: readonly Entry[];
  readonly problems: readonly KubeconfigProblem[];
  readonly currentContext: string | undefined;
}

/**
 * Reads kubeconfig files as kubectl does: an entry of an earlier file counts before one of the same name in a later file,
 * and a context may name a cluster of another file. Unlike kubectl, what is broken hides nothing else.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
export async function readKubeconfigs(files: readonly string[]): Promise<Kubeconfig> {
  const parsed = await Promise.all(files.map(readOne));
  const clusters = firstByName(parsed.flatMap((one) => one.clusters));
  const users = firstByName(parsed.flatMap((one) => one.users));
  const contexts: KubeContext[] = [];
  const problems = parsed.flatMap((one) => one.problems);
  for (const entry of firstByName(parsed.flatMap((one) => one.contexts)).values()) {
    const made = makeContext(entry, clusters, users);
    if (typeof made === 'string')
      problems.push({ file: entry.file, line: entry.line, context: entry.name, message: made });
    else contexts.push(made);
  }
  return { contexts, problems, currentContext: parsed.find((one) => one.currentContext !== undefined)?.currentContext };
}

async function readOne(file: string): Promise<ParsedFile> {
  try {
    return parseKubeconfig(file, await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const none = { clusters: [], users: [], contexts: [], currentContext: undefined };
    if (code === 'ENOENT') return { ...none, problems: [] };
    const message = `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ...none, problems: [{ file, message }] };
  }
}

function parseKubeconfig(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const problems: KubeconfigProblem[] = document.errors.map((error) => ({
    file,
    line: lines.linePos(error.pos[0]).line,
    message: `The file is no valid YAML: ${firstLine(error.message)}`,
  }));
  const list = (key: string, inner: string): Entry[] => {
    const { entries, wrong } = entriesOf(document, key, inner, file, lines);
    problems.push(...wrong);
    return entries;
  };
  const current: unknown = isMap(document.contents) ? document.get('current-context') : undefined;
  if (document.contents !== null && !isMap(document.contents) && problems.length === 0)
    problems.push({ file, line: 1, message: 'The file is no kubeconfig: it holds no mapping.' });
  return {
    clusters: list('clusters', 'cluster'),
    users: list('users', 'user'),
    contexts: list('contexts', 'context'),
    problems,
    currentContext: typeof current === 'string' && current !== '' ? current : undefined,
  };
}

function entriesOf(document: Document, key: string, inner: string, file: string, lines: LineCounter) {
  const entries: Entry[] = [];
  const wrong: KubeconfigProblem[] = [];
  const items: unknown = isMap(document.contents) ? document.get(key) : undefined;
  for (const item of isSeq<Node>(items) ? items.items : []) {
    const line = item.range ? lines.linePos(item.range[0]).line : 1;
    const name = isMap(item) ? text(item.get('name')) : undefined;
    const value = isMap(item) ? item.get(inner) : undefined;
    if (name === undefined) wrong.push({ file, line, message: `An entry of ${key} has no name.` });
    else if (isMap(value)) entries.push({ name, line, file, value: value.toJS(document) as Record<string, unknown> });
    else
      wrong.push({ file, line, message: `${name} has no ${inner}.`, ...(key === 'contexts' ? { context: name } : {}) });
  }
  return { entries, wrong };
}

function firstByName(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const first = new Map<string, Entry>();
  for (const entry of entries) if (!first.has(entry.name)) first.set(entry.name, entry);
  return first;
}

/** The context, or what is wrong with it. */
function makeContext(
  entry: Entry,
  clusters: ReadonlyMap<string, Entry>,
  users: ReadonlyMap<string, Entry>,
): KubeContext | string {
  const [clusterName, userName] = [text(entry.value['cluster']), text(entry.value['user'])];
  if (clusterName === undefined) return 'It names no cluster.';
  const cluster = clusters.get(clusterName);
  if (cluster === undefined) return `Its cluster ${clusterName} is not defined.`;
  const server = text(cluster.value['server']);
  if (server === undefined) return `Its cluster ${cluster.name} has no server.`;
  if (!isServer(server)) return `The server of its cluster ${cluster.name} is no http or https address: ${server}.`;
  const user = userName === undefined ? undefined : users.get(userName);
  if (user === undefined && userName !== undefined) return `Its user ${userName} is not defined.`;
  return contextFrom(entry, clusterFrom(cluster, server), user);
}

function contextFrom(entry: Entry, cluster: KubeCluster, user: Entry | undefined): KubeContext {
  return {
    name: entry.name,
    file: entry.file,
    line: entry.line,
    namespace: text(entry.value['namespace']),
    cluster,
    user: user === undefined ? { name: '' } : userFrom(user),
  };
}

function isServer(server: string): boolean {
  return URL.canParse(server) && /^https?:$/.test(new URL(server).protocol);
}

function clusterFrom({ name, value, file }: Entry, server: string): KubeCluster {
  const extensions = Array.isArray(value['extensions']) ? (value['extensions'] as Record<string, unknown>[]) : [];
  const plugin = extensions.find((one) => one['name'] === 'client.authentication.k8s.io/exec');
  return {
    name,
    server: server.replace(/\/+$/, ''),
    skipTLSVerify: value['insecure-skip-tls-verify'] === true,
    ...given('caFile', absolute(file, value['certificate-authority'])),
    ...given('caData', text(value['certificate-authority-data'])),
    ...given('tlsServerName', text(value['tls-server-name'])),
    ...given('proxyUrl', text(value['proxy-url'])),
    ...(plugin === undefined ? {} : { pluginConfig: plugin['extension'] }),
  };
}

function userFrom({ name, value, file }: Entry): KubeUser {
  return {
    name,
    ...given('certFile', absolute(file, value['client-certificate'])),
    ...given('certData', text(value['client-certificate-data'])),
    ...given('keyFile', absolute(file, value['client-key'])),
    ...given('keyData', text(value['client-key-data'])),
    ...given('token', text(value['token'])),
    ...given('tokenFile', absolute(file, value['tokenFile'])),
    ...given('username', text(value['username'])),
    ...given('password', text(value['password'])),
    ...given('impersonateUser', text(value['as'])),
    ...given('exec', pluginFrom(value['exec'], path.dirname(file))),
    ...given('authProvider', providerFrom(value['auth-provider'])),
  };
}

function pluginFrom(value: unknown, folder: string): ExecPlugin | undefined {
  if (!isRecord(value)) return undefined;
  const command = text(value['command']);
  if (command === undefined) return undefined;
  const env = Array.isArray(value['env']) ? (value['env'] as unknown[]).filter(isRecord) : [];
  const mode = value['interactiveMode'];
  return {
    apiVersion: text(value['apiVersion']) ?? 'client.authentication.k8s.io/v1',
    command,
    args: Array.isArray(value['args']) ? value['args'].map(String) : [],
    env: Object.fromEntries(env.map((one) => [text(one['name']) ?? '', text(one['value']) ?? ''])),
    interactiveMode: mode === 'Never' || mode === 'Always' ? mode : 'IfAvailable',
    provideClusterInfo: value['provideClusterInfo'] === true,
    folder,
    ...given('installHint', text(value['installHint'])),
  };
}

function providerFrom(value: unknown): KubeUser['authProvider'] {
  const name = isRecord(value) ? text(value['name']) : undefined;
  if (!isRecord(value) || name === undefined) return undefined;
  const config = isRecord(value['config']) ? value['config'] : {};
  return { name, config: Object.fromEntries(Object.entries(config).map(([key, one]) => [key, String(one)])) };
}

function absolute(file: string, value: unknown): string | undefined {
  const found = text(value);
  return found === undefined ? undefined : path.resolve(path.dirname(file), found);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
