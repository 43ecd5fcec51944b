import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parsePipConfiguration,
  portableIndexes,
  translatePipConfiguration,
} from '../../../src/clients/python/packageIndex';

describe('translatePipConfiguration', () => {
  const translate = (text: string) => translatePipConfiguration(parsePipConfiguration(text));

  it('hands the index, extra indexes, certificate and trusted hosts of pip to uv', () => {
    const text = [
      "global.index-url='https://packages.example/simple'",
      "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
      "global.cert='/etc/ca.pem'",
      "install.trusted-host='packages.example other.example'",
    ].join('\n');
    assert.deepEqual(translate(text), {
      UV_DEFAULT_INDEX: 'https://packages.example/simple',
      UV_INDEX: 'https://a.example/simple https://b.example/simple',
      SSL_CERT_FILE: '/etc/ca.pem',
      UV_INSECURE_HOST: 'packages.example other.example',
    });
  });

  it('prefers the environment over a file, as pip does', () => {
    assert.deepEqual(translate(":env:.index-url='https://env.example'\nglobal.index-url='https://file.example'"), {
      UV_DEFAULT_INDEX: 'https://env.example',
    });
  });

  it('is empty without a configuration', () => {
    assert.deepEqual(translate(''), {});
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
