import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { requireProgram } from '../program';
import { runTool } from '../runTool';

/** A certificate with its key, as paths of PEM files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Who is who in a cluster: one authority, and what it signed. */
export interface Certificates {
  /** The authority's certificate: a path. */
  readonly authority: string;
  /** For everything that listens on the node's address. */
  readonly server: Pair;
  /** The API server towards the kubelet. */
  readonly kubeletClient: Pair;
  /** The API server towards the APIs that it forwards to. */
  readonly frontProxy: Pair;
  /** A user who may do anything. */
  readonly admin: Pair;
  /** Signs the tokens of service accounts: a path. */
  readonly serviceAccountKey: string;
}

const days = '3650';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256', '-days', days];

/** @param names what the servers answer to, as `DNS:NAME` or `IP:ADDRESS` */
export async function makeCertificates(folder: string, names: readonly string[]): Promise<Certificates> {
  mkdirSync(folder, { mode: 0o700 });
  const file = (name: string): string => path.join(folder, name);
  // The system's configuration adds extensions of its own.
  writeFileSync(file('openssl.cnf'), '[req]\ndistinguished_name = name\n[name]\n');
  const request = async (name: string, subject: string, extensions: readonly string[], signer: readonly string[]) => {
    const pair = { certificate: file(`${name}.crt`), key: file(`${name}.key`) };
    const wanted = ['-subj', subject, ...extensions.flatMap((one) => ['-addext', one])];
    const files = ['-keyout', pair.key, '-out', pair.certificate, '-config', file('openssl.cnf')];
    await runTool(requireProgram('openssl'), ['req', '-x509', ...newKey, ...wanted, ...signer, ...files]);
    return pair;
  };
  const authority = await request(
    'ca',
    '/CN=slipway-testbed',
    ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign'],
    [],
  );
  const sign = (name: string, subject: string, use: string, ...more: string[]): Promise<Pair> =>
    request(
      name,
      subject,
      ['basicConstraints=CA:FALSE', 'keyUsage=digitalSignature,keyEncipherment', `extendedKeyUsage=${use}`, ...more],
      ['-CA', authority.certificate, '-CAkey', authority.key],
    );
  const [server, kubeletClient, frontProxy, admin] = await Promise.all([
    sign('server', '/CN=slipway-testbed-server', 'serverAuth', `subjectAltName=${names.join(',')}`),
    sign('kubelet-client', '/CN=kube-apiserver-kubelet-client', 'clientAuth'),
    sign('front-proxy', '/CN=front-proxy', 'clientAuth'),
    sign('admin', '/O=system:masters/CN=admin', 'clientAuth'),
  ]);
  return {
    authority: authority.certificate,
    server,
    kubeletClient,
    frontProxy,
    admin,
    serviceAccountKey: makeKey(file('service-accounts.key')),
  };
}

function makeKey(file: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  writeFileSync(file, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return file;
}
