import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import type { Credential } from './credential';
import type { KubeCluster, KubeContext } from './kubeconfig';
import { proxyFromEnvironment } from './proxy';

type TlsOptions = Pick<https.AgentOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

/** What requests of one credential share. */
export interface Session {
  readonly credential: Credential;
  readonly agent: http.Agent;
  /** Goes into each request beside the agent, since an editor with a proxy of its own puts another agent in its place. */
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  /** For what client-node does: WebSockets. */
  config(): Promise<KubeConfig>;
  /** Closes the connections that nothing uses now. */
  retire(): void;
  close(): void;
}

/**
 * Makes what requests need from a credential. The connections of the session before are kept where only the token
 * changed, since they do not depend on it.
 */
export async function sessionFor(
  context: KubeContext,
  credential: Credential,
  before: Session | undefined,
): Promise<Session> {
  const [cluster, user] = [clusterFor(context.cluster), userFor(context, credential)];
  const config = async (): Promise<KubeConfig> => {
    const sdk = await import('./sdk');
    const made = new sdk.KubeConfig();
    made.loadFromClusterAndUser(cluster, user);
    return made;
  };
  const isPlain = cluster.proxyUrl === undefined && user.authProvider === undefined;
  const options = isPlain ? await plainOptions(cluster, user) : await sdkOptions(await config());
  const isSame = before !== undefined && sameKey(before.credential, credential);
  const agent = isSame ? before.agent : makeAgent(cluster, options);
  if (!isSame) before?.retire();
  return {
    credential,
    agent,
    tls: tlsOptions(options),
    config,
    headers: headersOf(options, user),
    retire: () => {
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    },
    close: () => {
      agent.destroy();
    },
  };
}

/** How client-node connects. */
async function sdkOptions(config: KubeConfig): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}

/** The same as client-node says, for who needs neither a proxy nor a provider of tokens: its code stays unread then. */
async function plainOptions(cluster: Cluster, user: User): Promise<https.RequestOptions> {
  return {
    ca: cluster.caFile === undefined ? decoded(cluster.caData) : await readFile(cluster.caFile),
    cert: decoded(user.certData),
    key: decoded(user.keyData),
    servername: cluster.tlsServerName,
    rejectUnauthorized: cluster.skipTLSVerify ? false : undefined,
    headers: {
      ...(user.token === undefined ? {} : { Authorization: `Bearer ${user.token}` }),
      ...(user.impersonateUser === undefined ? {} : { 'Impersonate-User': user.impersonateUser }),
    },
  };
}

function decoded(base64: string | undefined): Buffer | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** What client-node gives apart, a name and a password, is a header, too. */
function headersOf({ headers }: https.RequestOptions, { username, password }: User): Record<string, string> {
  const login = `${username ?? ''}:${password ?? ''}`;
  return {
    ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
    ...(username === undefined ? {} : { Authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
  };
}

function clusterFor(cluster: KubeCluster): Cluster {
  const proxyUrl = cluster.proxyUrl ?? proxyFromEnvironment(cluster.server);
  return {
    name: cluster.name,
    server: cluster.server,
    // Client-node refuses a server without encryption unless it is told not to verify; there is nothing to verify then.
    skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith('http:'),
    ...(cluster.caData === undefined && cluster.caFile !== undefined ? { caFile: cluster.caFile } : {}),
    ...(cluster.caData === undefined ? {} : { caData: cluster.caData }),
    ...(cluster.tlsServerName === undefined ? {} : { tlsServerName: cluster.tlsServerName }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

function userFor({ user }: KubeContext, credential: Credential): User {
  const { token, cert, key, username, password } = credential;
  const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64');
  return {
    name: user.name,
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { certData: base64(cert) }),
    ...(key === undefined ? {} : { keyData: base64(key) }),
    ...(username === undefined ? {} : { username, password: password ?? '' }),
    ...(user.impersonateUser === undefined ? {} : { impersonateUser: user.impersonateUser }),
    ...(user.authProvider === undefined ? {} : { authProvider: user.authProvider }),
  };
}

/** Proxies are client-node's; other connections are kept open, which its own agent does not do. */
function makeAgent(cluster: Cluster, options: https.RequestOptions): http.Agent {
  if (cluster.proxyUrl !== undefined) return options.agent as http.Agent;
  if (cluster.server.startsWith('http:')) return new http.Agent({ keepAlive: true });
  return new https.Agent({ keepAlive: true, ...tlsOptions(options) });
}

function tlsOptions({ ca, cert, key, servername, rejectUnauthorized }: https.RequestOptions): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

function sameKey(one: Credential, other: Credential): boolean {
  return String(one.cert ?? '') === String(other.cert ?? '') && String(one.key ?? '') === String(other.key ?? '');
}
