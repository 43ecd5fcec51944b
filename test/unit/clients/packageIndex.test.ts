import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portableIndexes, translatePipConfiguration } from '../../../src/clients/python/packageIndex';

describe('translatePipConfiguration', () => {
  it('hands the index, extra indexes, certificate and trusted hosts of pip to uv', () => {
    const files = {
      'global.index-url': 'https://packages.example/simple',
      'global.extra-index-url': '\nhttps://a.example/simple\nhttps://b.example/simple',
      'global.cert': '/etc/ca.pem',
      'install.trusted-host': 'packages.example other.example',
    };
    assert.deepEqual(translatePipConfiguration(files, {}), {
      UV_DEFAULT_INDEX: 'https://packages.example/simple',
      UV_INDEX: 'https://a.example/simple https://b.example/simple',
      SSL_CERT_FILE: '/etc/ca.pem',
      UV_INSECURE_HOST: 'packages.example other.example',
    });
  });

  it('prefers the environment over a file, as pip does, and takes an empty variable for none', () => {
    const files = { 'global.index-url': 'https://file.example', 'global.cert': '/etc/ca.pem' };
    assert.deepEqual(translatePipConfiguration(files, { PIP_INDEX_URL: 'https://env.example', PIP_CERT: '' }), {
      UV_DEFAULT_INDEX: 'https://env.example',
      SSL_CERT_FILE: '/etc/ca.pem',
    });
  });

  it('is empty without a configuration', () => {
    assert.deepEqual(translatePipConfiguration({}, {}), {});
  });

  it('is told to others without credentials, and not where only this machine reaches it', () => {
    const indexes = portableIndexes({
      UV_DEFAULT_INDEX: 'https://me:secret@mirror.example/simple',
      UV_INDEX: 'own=https://own.example/ http://127.0.0.1:8080/simple file:///srv/wheels',
    });
    assert.deepEqual(indexes, { main: 'https://mirror.example/simple', extra: ['https://own.example/'] });
    assert.deepEqual(portableIndexes({}), { main: undefined, extra: [] });
  });
});
