import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseEngineAddress } from '../../../src/clients/docker/address';
import { sshArguments } from '../../../src/clients/docker/sshAgent';
import { failure } from '../../support/failure';

describe('an address of an engine', () => {
  const known: Readonly<Record<string, object>> = {
    'unix:///var/run/docker.sock': { kind: 'socket', path: '/var/run/docker.sock' },
    'npipe:////./pipe/docker_engine': { kind: 'socket', path: '//./pipe/docker_engine' },
    'tcp://10.0.0.5': { kind: 'tcp', host: '10.0.0.5', port: 2375 },
    'tcp://[::1]:2999': { kind: 'tcp', host: '::1', port: 2999 },
    'host.example:99': { kind: 'tcp', host: 'host.example', port: 99 },
    'https://host.example': { kind: 'tcp', host: 'host.example', port: 2376, tls: { verify: true } },
    'ssh://box': { kind: 'ssh', host: 'box' },
    'ssh://me@box:2222/run/user/1000/docker.sock': {
      kind: 'ssh',
      host: 'box',
      user: 'me',
      port: '2222',
      socket: '/run/user/1000/docker.sock',
    },
  };
  for (const [text, address] of Object.entries(known)) {
    it(`is read from ${text}`, async () => {
      assert.deepEqual(await parseEngineAddress(text, undefined), address);
    });
  }

  for (const text of ['', 'unix://', 'tcp://', 'ftp://host', 'ssh://', 'ssh://me:secret@host', 'tcp://a b']) {
    it(`is not ${JSON.stringify(text)}`, async () => {
      const error = await failure(parseEngineAddress(text, undefined), 'DockerContextInvalid', /is no address/);
      assert.ok(!error.message.includes('secret'));
    });
  }
});

describe('arguments of ssh', () => {
  it('never take a host for an option, nor a path for a command', () => {
    const words = sshArguments({ kind: 'ssh', host: '-oProxyCommand=x', socket: "/a b';touch x" });
    assert.deepEqual(words.slice(words.indexOf('--')), [
      '--',
      '-oProxyCommand=x',
      'docker',
      '--host',
      "unix://'/a b'\\'';touch x'",
      'system',
      'dial-stdio',
    ]);
  });
});
