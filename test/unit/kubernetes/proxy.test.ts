import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proxyFromEnvironment } from '../../../src/clients/kubernetes/proxy';

const proxied = (server: string, env: NodeJS.ProcessEnv): boolean =>
  proxyFromEnvironment(server, { HTTPS_PROXY: 'http://proxy:3128', ...env }) !== undefined;

describe('the proxy of a cluster', () => {
  it('is that of the environment, in either case, for other machines', () => {
    assert.equal(proxyFromEnvironment('https://k8s.example', { https_proxy: 'proxy:3128' }), 'http://proxy:3128');
    assert.equal(proxyFromEnvironment('https://k8s.example', { ALL_PROXY: 'socks5://p:1' }), 'socks5://p:1');
    assert.equal(proxyFromEnvironment('http://k8s.example', { HTTPS_PROXY: 'http://p:1' }), undefined);
    assert.equal(proxied('https://127.0.0.1:6443', {}), false);
    assert.equal(proxied('https://localhost:6443', {}), false);
  });

  it('spares hosts, domains, addresses and networks of NO_PROXY', () => {
    assert.equal(proxied('https://api.corp.example', { NO_PROXY: 'other, .corp.example' }), false);
    assert.equal(proxied('https://api.corp.example', { NO_PROXY: 'corp.example' }), false);
    assert.equal(proxied('https://apicorp.example', { NO_PROXY: 'corp.example' }), true);
    assert.equal(proxied('https://10.1.2.3:6443', { NO_PROXY: '10.0.0.0/8' }), false);
    assert.equal(proxied('https://11.1.2.3:6443', { NO_PROXY: '10.0.0.0/8,11.1.2.4' }), true);
    assert.equal(proxied('https://[fd00::1]:6443', { NO_PROXY: 'fd00::/8' }), false);
    assert.equal(proxied('https://api:6443', { NO_PROXY: 'api:443' }), true);
    assert.equal(proxied('https://api:6443', { NO_PROXY: '*' }), false);
    assert.equal(proxied('https://10.1.2.3', { NO_PROXY: '10.0.0.0/99' }), true);
  });
});
