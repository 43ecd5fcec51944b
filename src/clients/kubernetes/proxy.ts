import { BlockList, isIP } from 'node:net';

/**
 * The proxy for a server as curl and kubectl choose it from the environment: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY
 * names the host, a domain that it ends with, its address, or a network that holds its address.
 */
export function proxyFromEnvironment(server: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const proxy = variable(env, protocol === 'https:' ? 'https_proxy' : 'http_proxy') || variable(env, 'all_proxy');
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (proxy === '' || isLocal) return undefined;
  const exceptions = variable(env, 'no_proxy')
    .toLowerCase()
    .split(/[\s,]+/);
  if (exceptions.some((exception) => exception !== '' && covers(exception, host, port))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function variable(env: NodeJS.ProcessEnv, name: string): string {
  return env[name] ?? env[name.toUpperCase()] ?? '';
}

function covers(exception: string, host: string, port: string): boolean {
  if (exception === '*') return true;
  if (exception.includes('/')) return inNetwork(exception, host);
  const [, name = exception, onlyPort] = /^(\[?[^\]]+?\]?)(?::(\d+))?$/.exec(exception) ?? [];
  if (isIP(exception) === 0 && onlyPort !== undefined && onlyPort !== port) return false;
  const domain = (isIP(exception) === 0 ? name : exception).replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(network: string, host: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), type);
  } catch {
    return false;
  }
  return list.check(host, type);
}
