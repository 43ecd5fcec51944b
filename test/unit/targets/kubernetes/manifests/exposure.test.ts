import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { Exposure } from '../../../../../src/core/exposure';
import { addressesOf, addressFacts } from '../../../../../src/targets/kubernetes/reach/addresses';
import { routeManifests } from '../../../../../src/targets/kubernetes/manifests/exposure';
import { refusesStrangers } from '../../../../../src/targets/kubernetes/reach/keyKnown';
import type { BalancerStatus, Pod, Route, Service } from '../../../../../src/targets/kubernetes/objects';
import { whyUnreachable } from '../../../../../src/targets/kubernetes/reach/probe';

const metadata = { name: 'iris', uid: '', resourceVersion: '', creationTimestamp: '' };
const never = new AbortController().signal;

function service(port: number, nodePort?: number, status?: BalancerStatus): Service {
  const ports = [{ port, ...(nodePort === undefined ? {} : { nodePort }) }];
  return { metadata, spec: { ports }, ...(status === undefined ? {} : { status }) };
}

function told(
  exposure: Exposure,
  of: Service | undefined,
  route?: Omit<Route, 'metadata'>,
): readonly string[] | string {
  const pods: Pod[] = ['10.0.0.2', '10.0.0.1', '10.0.0.2'].map((hostIP) => ({ metadata, status: { hostIP } }));
  const found = addressesOf(exposure, addressFacts(of, pods), route && { metadata, ...route });
  return found.kind === 'none' ? found.why : found.urls;
}

const given = (host: object): BalancerStatus => ({ loadBalancer: { ingress: [host] } });

describe('the address of a model beyond its cluster', () => {
  it('is a port of the nodes that run it', () => {
    const urls = ['http://10.0.0.1:30080', 'http://10.0.0.2:30080'];
    assert.deepEqual(told({ kind: 'nodePort' }, service(80, 30080)), urls);
    assert.equal(told({ kind: 'nodePort' }, service(80)), 'the cluster has not given an address');
  });

  it('is what the load balancer was given', () => {
    const wish: Exposure = { kind: 'loadBalancer' };
    assert.deepEqual(told(wish, service(80, 30080, given({ ip: '203.0.113.7' }))), ['http://203.0.113.7']);
    assert.deepEqual(told(wish, service(8080, 1, given({ hostname: 'lb.example.org' }))), [
      'http://lb.example.org:8080',
    ]);
    assert.deepEqual(told(wish, service(80, 1, given({ ip: '2001:db8::1' }))), ['http://[2001:db8::1]']);
    assert.match(String(told(wish, service(80, 30080))), /has not given/);
  });

  it('is the name of an Ingress that was given an address', () => {
    const wish: Exposure = { kind: 'ingress', host: 'iris.example.org' };
    assert.match(String(told(wish, service(80))), /has not given/);
    const status = given({ ip: '203.0.113.7' });
    assert.deepEqual(told(wish, service(80), { status }), ['http://iris.example.org']);
    assert.deepEqual(told({ ...wish, tls: 'certificate' }, service(80), { status }), ['https://iris.example.org']);
    assert.deepEqual(told({ ...wish, path: '/iris' }, service(80), { status }), ['http://iris.example.org/iris']);
  });

  it('is the name of an HTTPRoute that a gateway took', () => {
    const wish: Exposure = { kind: 'httpRoute', host: 'iris.example.org', gateway: 'public' };
    const state = (type: string, status: string) => ({
      status: { parents: [{ conditions: [{ type, status, message: 'so it is' }] }] },
    });
    assert.equal(told(wish, service(80)), 'no gateway has taken it');
    assert.equal(told(wish, service(80), state('Accepted', 'False')), 'the gateway does not take it: so it is');
    const urls = ['https://iris.example.org', 'http://iris.example.org'];
    assert.deepEqual(told(wish, service(80), state('Accepted', 'True')), urls);
  });

  it('goes to a gateway of the namespace or of another', () => {
    const parents = (gateway: string) => {
      const [route] = routeManifests({ model: 'iris', port: 80 }, { kind: 'httpRoute', host: 'a', gateway }, 'models');
      return (route?.['spec'] as { readonly parentRefs: unknown }).parentRefs;
    };
    assert.deepEqual(parents('public'), [{ name: 'public' }]);
    assert.deepEqual(parents('infra/public'), [{ name: 'public', namespace: 'infra' }]);
  });

  it('may be a path of a name that leads elsewhere, too', () => {
    const rule = (exposure: Exposure): string => {
      const [route] = routeManifests({ model: 'iris', port: 80 }, { host: 'a', path: '/iris', ...exposure }, 'models');
      return JSON.stringify((route?.['spec'] as { readonly rules: unknown }).rules);
    };
    assert.match(rule({ kind: 'ingress' }), /"path":"\/iris","pathType":"Prefix"/);
    assert.match(
      rule({ kind: 'httpRoute', gateway: 'b' }),
      /"matches":\[{"path":{"type":"PathPrefix","value":"\/iris"}}\]/,
    );
  });
});

describe('asking without the key', () => {
  it('tells whether it is asked for, and nothing of a model that does not answer', async () => {
    let head = 'HTTP/1.1 401 Unauthorized';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`${head}\r\ncontent-length: 0\r\n\r\n`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    assert.equal(await refusesStrangers(url, never), true);
    head = 'HTTP/1.1 404 Not Found';
    assert.equal(await refusesStrangers(url, never), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await refusesStrangers(url, never), undefined);
  });
});

describe('asking there', () => {
  it('tells in a few words why nothing answers', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v2/health/ready`;
    assert.equal(await whyUnreachable(url, never), 'it answers 503');
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await whyUnreachable(url, never), 'the connection is refused');
    assert.match((await whyUnreachable('http://nowhere.invalid/', never)) ?? '', /no such name|cannot be looked up/);
  });
});
