import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { releasesOf } from '../../../src/tree/releasesOf';
import { model } from './models';

describe('the releases of an image', () => {
  const models = [
    { targetId: 'kubernetes:a/x', models: [model({ version: 1 })] },
    { targetId: 'kubernetes:b/y', models: [model({ name: 'copy' })] },
  ];

  it('are found by its digest on every target, those that answer first', () => {
    assert.deepEqual(releasesOf(models, { digest: 'sha256:cccccccccccccccc' }), [
      { targetId: 'kubernetes:b/y', name: 'copy', version: 3 },
      { targetId: 'kubernetes:a/x', name: 'iris', version: 3 },
    ]);
  });

  it('are found on this machine by the bundle that it holds', () => {
    const ofBundle = { digest: 'sha256:dddddddddddddddd', bundle: 'sha256:aaaaaaaaaaaaaaaa' };
    const machine = { targetId: 'local', models: [model()] };
    assert.deepEqual(releasesOf([machine], ofBundle), [{ targetId: 'local', name: 'iris', version: 1 }]);
    assert.deepEqual(releasesOf([machine], { digest: ofBundle.digest }), []);
  });

  it('are none of an image that was never deployed', () => {
    assert.deepEqual(releasesOf(models, { digest: 'sha256:dddddddddddddddd' }), []);
  });
});
