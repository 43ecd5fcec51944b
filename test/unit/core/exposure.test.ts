import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addExposureOptions, exposureIn, type ExposureOptions } from '../../../src/cli/exposure';
import { checkExposure, isSameExposure, needsKey, type Exposure } from '../../../src/core/exposure';
import { isUserError } from '../../../src/core/errors';
import { withSaid } from '../../../src/pipeline/deployModel';

const ingress: Exposure = { kind: 'ingress', host: 'iris.example.org' };

describe('how a model is reached', () => {
  it('asks for a key beyond the cluster, unless somebody says otherwise', () => {
    const wishes: readonly (Exposure | undefined)[] = [undefined, { kind: 'service' }, { kind: 'nodePort' }, ingress];
    assert.deepEqual(wishes.map(needsKey), [false, false, true, true]);
    assert.deepEqual(
      [needsKey({ kind: 'nodePort', key: false }), needsKey({ kind: 'service', key: true })],
      [false, true],
    );
  });

  const codeOf = (exposure: Exposure, asksForKey = true): readonly string[] => {
    try {
      checkExposure(exposure, asksForKey);
      return [];
    } catch (error) {
      return isUserError(error) ? [error.code, error.message] : ['Bug'];
    }
  };

  it('says what is missing and what does not fit', () => {
    assert.deepEqual(codeOf(ingress), []);
    assert.deepEqual(codeOf({ kind: 'httpRoute', host: 'a', gateway: 'b' }), []);
    assert.match(codeOf({ kind: 'ingress' }).join(), /^ExposeInvalid.*ingress needs host/);
    assert.match(codeOf({ kind: 'httpRoute', host: 'a' }).join(), /httpRoute needs gateway/);
    assert.match(codeOf({ kind: 'nodePort', host: 'a' }).join(), /nodePort has no host/);
    assert.match(codeOf({ ...ingress, gateway: 'b' }).join(), /ingress has no gateway/);
    assert.match(codeOf({ kind: 'nodePort', path: '/a' }).join(), /nodePort has no path/);
    assert.deepEqual(codeOf({ ...ingress, path: '/team/iris' }), []);
    for (const path of ['iris', '/', '/iris/', '/a b', '/a?b'])
      assert.match(codeOf({ ...ingress, path }).join(), /path is none such as \/iris/, path);
  });

  it('is not left to a server that asks for no key, unless somebody says so', () => {
    assert.equal(codeOf({ kind: 'nodePort' }, false)[0], 'KeyUnsupported');
    assert.deepEqual(codeOf({ kind: 'nodePort', key: false }, false), []);
    assert.deepEqual(codeOf({ kind: 'service' }, false), []);
  });

  it('is the same when the same is meant', () => {
    assert.ok(isSameExposure(undefined, { kind: 'service' }));
    assert.ok(isSameExposure({ kind: 'nodePort' }, { kind: 'nodePort', key: true }));
    assert.ok(!isSameExposure({ kind: 'nodePort' }, { kind: 'nodePort', key: false }));
    assert.ok(!isSameExposure(ingress, { ...ingress, host: 'other.example.org' }));
    assert.ok(!isSameExposure(ingress, { ...ingress, path: '/iris' }));
  });

  it('is said on the command line with words of its own', () => {
    const said = (...words: readonly string[]): unknown => {
      const command = addExposureOptions(new Command()).exitOverride().parse(words, { from: 'user' });
      return exposureIn(command.opts<ExposureOptions>());
    };
    assert.equal(said(), undefined);
    assert.deepEqual(said('--no-key'), { key: false });
    assert.deepEqual(said('--expose', 'ingress', '--host', 'a', '--ingress-class', 'b', '--tls-secret', 'c'), {
      kind: 'ingress',
      host: 'a',
      className: 'b',
      tls: 'c',
    });
    assert.deepEqual(said('--expose', 'httpRoute', '--host', 'a', '--gateway', 'b/c'), {
      kind: 'httpRoute',
      host: 'a',
      gateway: 'b/c',
    });
  });

  it('takes what was said for this deploy, and of the file what fits to it', () => {
    const written = { expose: { ...ingress, key: false } };
    assert.deepEqual(withSaid(written, { expose: { host: 'new.example.org' } }).expose, {
      kind: 'ingress',
      host: 'new.example.org',
      key: false,
    });
    assert.deepEqual(withSaid(written, { expose: { kind: 'nodePort' } }).expose, { kind: 'nodePort' });
    assert.deepEqual(withSaid({}, { expose: { key: false } }).expose, { kind: 'service', key: false });
  });
});
