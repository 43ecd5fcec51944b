import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { KubeUser } from '../../src/clients/kubernetes/kubeconfig';
import type { Pair } from '../testbed/kubernetes/certificates';
import { requireProgram } from '../testbed/program';
import { runTool } from '../testbed/runTool';

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority that no cluster knows. @param address at which it answers for itself */
export async function authority(folder: string, name: string, address?: string): Promise<Pair> {
  const pair = { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  const names = address === undefined ? [] : ['-addext', `subjectAltName=IP:${address}`];
  const files = ['-keyout', pair.key, '-out', pair.certificate, '-config', configIn(folder), ...names];
  await runTool(requireProgram('openssl'), ['req', '-x509', ...key, '-days', '1', '-subj', `/CN=${name}`, ...files]);
  return pair;
}

/** Somebody who may do anything, if the cluster trusts the signer. @param days from now; less than none for one that is over */
export async function clientCertificate(folder: string, name: string, signer: Pair, days: number): Promise<KubeUser> {
  const file = (ending: string): string => path.join(folder, `${name}.${ending}`);
  const openssl = requireProgram('openssl');
  const request = ['-keyout', file('key'), '-out', file('csr'), '-config', configIn(folder)];
  await runTool(openssl, ['req', ...key, '-subj', `/O=system:masters/CN=${name}`, ...request]);
  const signed = ['-CA', signer.certificate, '-CAkey', signer.key, '-CAcreateserial', '-days', String(days)];
  await runTool(openssl, ['x509', '-req', '-in', file('csr'), ...signed, '-out', file('crt')]);
  const base64 = (one: string): string => readFileSync(one).toString('base64');
  return { name, certData: base64(file('crt')), keyData: base64(file('key')) };
}

/** The system's configuration adds extensions of its own. */
function configIn(folder: string): string {
  const file = path.join(folder, 'openssl.cnf');
  writeFileSync(file, '[req]\ndistinguished_name = name\n[name]\n');
  return file;
}

/** A server's own certificate that holds between two times, given as `YYYYMMDDhhmmssZ`. */
export async function serverCertificate(folder: string, name: string, from: string, until: string): Promise<Pair> {
  const pair = { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  const file = (ending: string): string => path.join(folder, `${name}.${ending}`);
  writeFileSync(file('db'), '');
  writeFileSync(
    file('cnf'),
    `[req]\ndistinguished_name=n\n[n]\n[ca]\ndefault_ca=own\n[own]\ndatabase=${file('db')}\nnew_certs_dir=${folder}\n` +
      'rand_serial=yes\ndefault_md=sha256\npolicy=any\nx509_extensions=host\n[any]\ncommonName=supplied\n' +
      '[host]\nsubjectAltName=IP:127.0.0.1\n',
  );
  const openssl = requireProgram('openssl');
  const request = ['-keyout', pair.key, '-out', file('csr'), '-config', file('cnf')];
  await runTool(openssl, ['req', ...key, '-subj', `/CN=${name}`, ...request]);
  const signed = ['-selfsign', '-keyfile', pair.key, '-in', file('csr'), '-out', pair.certificate, '-notext'];
  await runTool(openssl, ['ca', '-batch', '-config', file('cnf'), ...signed, '-startdate', from, '-enddate', until]);
  return pair;
}
