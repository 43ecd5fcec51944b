import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutCredentials, withoutCredentialsIn } from '../../../src/core/credentials';
import { UserError } from '../../../src/core/errors';

describe('withoutCredentials', () => {
  it('leaves out user and password of an address and nothing else', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['pkg @ git+https://me:p@ss@host/a/b.git@v1#egg=pkg', 'pkg @ git+https://host/a/b.git@v1#egg=pkg'],
      ['pkg @ HTTPS://token@host/x-1.whl', 'pkg @ HTTPS://host/x-1.whl'],
      ['--index-url "http://u:p@host:8080/simple"', '--index-url "http://host:8080/simple"'],
      ['git+ssh://git@host/a.git', 'git+ssh://git@host/a.git'],
      ['git+ssh://git:word@host/a.git', 'git+ssh://git@host/a.git'],
      ['https://a:b@x/ and https://c:d@y/', 'https://x/ and https://y/'],
      ['https://host/user@example.org', 'https://host/user@example.org'],
      ['mail me@example.org about https://host', 'mail me@example.org about https://host'],
      ['git@github.com:a/b.git', 'git@github.com:a/b.git'],
    ];
    for (const [text, plain] of cases) assert.equal(withoutCredentials(text), plain);
  });

  it('reaches every text of plain data but what edits would write', () => {
    const url = 'https://u:p@h/';
    const edits = [{ text: url }];
    assert.deepEqual(withoutCredentialsIn({ a: [url, 1, null, { b: url }], edits }), {
      a: ['https://h/', 1, null, { b: 'https://h/' }],
      edits,
    });
  });

  it('is done for every error', () => {
    const error = new UserError('X', 'no https://u:p@h/x', { details: { uv: 'git+https://u:p@h/x' } });
    assert.deepEqual([error.message, error.details], ['no https://h/x', { uv: 'git+https://h/x' }]);
  });
});
