import path from 'node:path';
import { UserError, isUserError } from '../../core/errors';
import { inertText } from '../../core/inertText';
import { runProcess } from '../process/runProcess';
import { findUserProgram, userPath } from '../process/shellPath';
import type { ExecPlugin, KubeCluster } from './kubeconfig';
import type { Credential } from './credential';

/** Some open a browser and wait for a person. */
const usualMs = 60_000;

/**
 * Runs a credential plugin once. It gets no terminal: one that insists on it is refused.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 * @throws UserError CredentialPluginMissing, CredentialPluginFailed, CredentialPluginInteractive
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  cluster: KubeCluster,
  signal: AbortSignal,
  timeoutMs = usualMs,
): Promise<Credential> {
  if (plugin.interactiveMode === 'Always') {
    throw new UserError(
      'CredentialPluginInteractive',
      `The credential plugin ${plugin.command} asks questions in a terminal, which an editor has not.`,
      { remedy: { kind: 'hint', label: 'Log in with that program in a terminal, and try again.' } },
    );
  }
  const program = await locate(plugin, signal);
  const env = {
    ...process.env,
    PATH: await userPath(signal),
    ...plugin.env,
    KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster)),
  };
  const result = await runProcess(program, plugin.args, { env, timeoutMs }, signal).catch((error: unknown) => {
    if (isUserError(error) && error.code === 'ProgramTimedOut')
      throw failed(plugin, `it did not answer within ${timeoutMs / 1000} s`, '');
    throw error;
  });
  if (result.exitCode !== 0) throw failed(plugin, `it ended with exit code ${result.exitCode}`, result.stderr);
  return parseCredential(plugin, result.stdout, result.stderr);
}

async function locate(plugin: ExecPlugin, signal: AbortSignal): Promise<string> {
  const { command, folder, installHint } = plugin;
  if (path.isAbsolute(command)) return command;
  if (/[\\/]/.test(command)) return path.resolve(folder, command);
  const found = await findUserProgram(command, signal);
  if ('file' in found) return found.file;
  const hint = installHint ?? `Install ${command}, or start the editor from a terminal that finds it.`;
  throw new UserError(
    'CredentialPluginMissing',
    `The credential plugin ${command} was not found. Searched: ${found.searched.join(', ')}.`,
    { remedy: { kind: 'hint', label: inertText(hint) }, details: { command, searched: found.searched } },
  );
}

function execInfo(plugin: ExecPlugin, cluster: KubeCluster) {
  return {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: {
      interactive: false,
      ...(plugin.provideClusterInfo
        ? {
            cluster: {
              server: cluster.server,
              'tls-server-name': cluster.tlsServerName,
              'insecure-skip-tls-verify': cluster.skipTLSVerify,
              'certificate-authority-data': cluster.caData,
              'proxy-url': cluster.proxyUrl,
              config: cluster.pluginConfig ?? null,
            },
          }
        : {}),
    },
  };
}

interface ExecCredential {
  readonly kind?: unknown;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

function parseCredential(plugin: ExecPlugin, stdout: string, stderr: string): Credential {
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = statusOf(stdout);
  if (token === undefined && cert === undefined) throw failed(plugin, 'what it wrote is no credential', stderr);
  const expires = Date.parse(expirationTimestamp ?? '');
  return {
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(Number.isNaN(expires) ? {} : { expires }),
  };
}

function statusOf(stdout: string): NonNullable<ExecCredential['status']> {
  try {
    const parsed = JSON.parse(stdout) as ExecCredential;
    return parsed.kind === 'ExecCredential' ? (parsed.status ?? {}) : {};
  } catch {
    return {};
  }
}

/** Only what it wrote for people is shown: standard output may hold a token. */
function failed(plugin: ExecPlugin, why: string, stderr: string): UserError {
  const said = inertText(stderr.trim().slice(-1000));
  return new UserError(
    'CredentialPluginFailed',
    `The credential plugin ${plugin.command} gave no credentials: ${why}.${said === '' ? '' : ` It says: ${said}`}`,
    { remedy: { kind: 'hint', label: 'Log in with that program in a terminal, and try again.' } },
  );
}
