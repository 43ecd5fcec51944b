import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typedCredentials, type SecretKeys } from '../../../src/editor/registry/typedCredentials';

/** A secret storage in memory, with a secret of something else in it. */
function storage(): SecretKeys {
  const secrets = new Map([['secret:/project:KEY', 'other']]);
  return {
    keys: () => Promise.resolve([...secrets.keys()]),
    get: (key) => Promise.resolve(secrets.get(key)),
    store: (key, value) => Promise.resolve(void secrets.set(key, value)),
    delete: (key) => Promise.resolve(void secrets.delete(key)),
  };
}

describe('credentials that were typed', () => {
  const never = new AbortController().signal;

  it('are those of one registry only, until they are forgotten', async () => {
    const secrets = storage();
    const typed = typedCredentials(secrets);
    await typed.set('ghcr.io', { username: 'ana', password: 'p:ass' });
    assert.deepEqual(await typed.find('ghcr.io', never), { kind: 'password', username: 'ana', password: 'p:ass' });
    assert.equal(await typed.find('ghcr.io:443', never), undefined);
    assert.deepEqual(await typed.hosts(), ['ghcr.io']);
    await typed.forget('ghcr.io');
    assert.equal(await typed.find('ghcr.io', never), undefined);
    assert.deepEqual(await typed.hosts(), []);
    assert.equal(await secrets.get('secret:/project:KEY'), 'other');
  });
});
