import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostsIn } from '../../../../../src/targets/kubernetes/preflight/pullSecrets';

const encoded = (auths: object): string => Buffer.from(JSON.stringify({ auths })).toString('base64');

describe('the registries of a pull secret', () => {
  it('are its hosts, however they are written', () => {
    const auths = { 'https://index.docker.io/v1/': {}, 'ghcr.io': {}, 'https://r.example.com:5000/v2/': {} };
    assert.deepEqual(hostsIn(encoded(auths)), ['docker.io', 'ghcr.io', 'r.example.com:5000']);
  });

  it('are none where it is damaged', () => {
    assert.deepEqual(hostsIn(undefined), []);
    assert.deepEqual(hostsIn(Buffer.from('{').toString('base64')), []);
    assert.deepEqual(hostsIn(Buffer.from('null').toString('base64')), []);
  });
});
