import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildCli, errorOf, slipway, type CliResult } from '../support/cli';
import { startForwardProxy, type ForwardProxy } from '../support/forwardProxy';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';
import { requireProgram } from '../testbed/program';

describe('a registry with TLS', { timeout: 2 * 60_000 }, () => {
  let folder: string;
  let authority: string;
  let registry: TestRegistry;
  let proxy: ForwardProxy;
  before(async () => {
    await buildCli();
    folder = await mkdtemp(path.join(tmpdir(), 'slw-tls-'));
    const file = (name: string): string => path.join(folder, name);
    const openssl = (...args: string[]): void => {
      execFileSync(requireProgram('openssl'), args, { stdio: 'ignore', cwd: folder });
    };
    authority = file('ca.crt');
    const fresh = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    openssl(...fresh, '-keyout', file('ca.key'), '-out', authority, '-subj', '/CN=Private authority');
    const signed = ['-CA', authority, '-CAkey', file('ca.key'), '-addext', 'subjectAltName=IP:127.0.0.1'];
    const leaf = ['-addext', 'basicConstraints=critical,CA:false', '-subj', '/CN=registry'];
    openssl(...fresh, ...signed, ...leaf, '-keyout', file('server.key'), '-out', file('server.crt'));
    registry = await startRegistry({ tls: { certificate: file('server.crt'), key: file('server.key') } });
    proxy = await startForwardProxy();
  });
  after(async () => {
    await proxy.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Asks a real registry whether it takes a push, with these variables and no others of their kind. */
  function check(variables: NodeJS.ProcessEnv, ...options: string[]): Promise<CliResult> {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      XDG_CONFIG_HOME: path.join(folder, 'none'),
      DOCKER_CONFIG: folder,
    };
    for (const name of Object.keys(env))
      if (/^(?:https?_proxy|no_proxy|all_proxy|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS)$/i.test(name))
        Reflect.deleteProperty(env, name);
    const where = `${registry.host}/models/iris`;
    return slipway(['registry', 'check', where, '--json', ...options], { env: { ...env, ...variables } });
  }

  const assertTaken = (result: CliResult): void => {
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  };

  it('is refused when nobody vouches for its certificate', async () => {
    const result = await check({});
    assert.notEqual(result.exitCode, 0);
    assert.match(errorOf(result).message ?? '', /certificate/);
  });

  it('is taken when the user asks for it', async () => {
    assertTaken(await check({}, '--insecure'));
  });

  for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])
    it(`is taken when ${name} names its authority`, async () => {
      assertTaken(await check({ [name]: authority }));
    });

  for (const tool of ['docker', 'containers'])
    it(`is taken when the user's certs.d of ${tool} holds its authority`, async () => {
      const settings = path.join(folder, `config-${tool}`);
      const place = path.join(settings, tool, 'certs.d', registry.host);
      await mkdir(place, { recursive: true });
      await cp(authority, path.join(place, 'ca.crt'));
      assertTaken(await check({ XDG_CONFIG_HOME: settings }));
    });

  for (const name of ['HTTPS_PROXY', 'https_proxy'])
    it(`is asked through the proxy that ${name} names`, async () => {
      const before = proxy.tunnels.length;
      assertTaken(await check({ SSL_CERT_FILE: authority, [name]: `http://127.0.0.1:${proxy.port}` }));
      assert.ok(proxy.tunnels.slice(before).includes(registry.host), proxy.tunnels.join(' '));
    });

  it('is asked directly when NO_PROXY names it', async () => {
    const before = proxy.tunnels.length;
    const variables = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: 'example.com,127.0.0.1' };
    assertTaken(await check({ SSL_CERT_FILE: authority, ...variables }));
    assert.equal(proxy.tunnels.length, before);
  });
});
