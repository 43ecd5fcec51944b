import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { getCACertificates, rootCertificates } from 'node:tls';

/**
 * Certificates of the system, of SSL_CERT_FILE, and of Docker's folder for this host, beside those that Node brings: what
 * uv, curl, OpenSSL and Docker go by. Undefined where nothing is added to Node's own.
 * @param host `HOST[:PORT]`
 */
export function authoritiesFor(host: string): readonly string[] | undefined {
  const file = process.env['SSL_CERT_FILE'];
  const named = [...(file === undefined ? [] : readQuietly(file)), ...dockerAuthorities(host)];
  // Node 22.15 and newer.
  const get = getCACertificates as typeof getCACertificates | undefined;
  if (get === undefined) return named.length === 0 ? undefined : [...rootCertificates, ...named];
  return [...new Set([...get('default'), ...get('system'), ...named])];
}

/** `certs.d/HOST:PORT/*.crt`. @see https://docs.docker.com/engine/security/certificates/ */
export function dockerAuthorities(host: string): readonly string[] {
  const own = process.env['XDG_CONFIG_HOME'] ?? path.join(homedir(), '.config');
  const roots = [own, '/etc'].flatMap((root) => ['docker', 'containers'].map((name) => path.join(root, name)));
  return roots.flatMap((root) => {
    const folder = path.join(root, 'certs.d', host);
    return listQuietly(folder)
      .filter((name) => name.endsWith('.crt'))
      .flatMap((name) => readQuietly(path.join(folder, name)));
  });
}

function listQuietly(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readQuietly(file: string): readonly string[] {
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}
