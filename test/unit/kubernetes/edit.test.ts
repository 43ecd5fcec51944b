import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUserError } from '../../../src/core/errors';
import { fieldLine } from '../../../src/editor/explorer/fieldLine';
import { changesBetween } from '../../../src/targets/kubernetes/manage/changes';
import { assertSame, objectText, parseObject } from '../../../src/targets/kubernetes/manage/text';

const ref = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespace: 'team',
  name: 'web',
  uid: 'u',
};

describe('an object that is edited', () => {
  it('is shown with its names first, without field managers, and without the values of a Secret', () => {
    const object = {
      data: { password: 'aHVudGVyMg==' },
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: {
        name: 'web',
        managedFields: [{ manager: 'kubectl' }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    };
    assert.equal(
      objectText(object),
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\ndata:\n  password: (hidden)\n',
    );
  });

  it('sends only what was changed, whole lists, and what was taken away apart', () => {
    const before = { metadata: { labels: { a: '1', b: '2' } }, spec: { replicas: 2, list: [1, 2], same: { x: 1 } } };
    const after = { metadata: { labels: { a: '1', c: '3' } }, spec: { replicas: 3, list: [1], same: { x: 1 } } };
    assert.deepEqual(changesBetween(before, after), {
      set: { metadata: { labels: { c: '3' } }, spec: { replicas: 3, list: [1] } },
      removed: { metadata: { labels: { b: null } } },
    });
    assert.deepEqual(changesBetween(before, before), { set: undefined, removed: undefined });
  });

  it('is refused when its text is broken or names another object', () => {
    const codeOf = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (error) {
        return isUserError(error) ? [error.code, error.details['line']] : error;
      }
    };
    assert.deepEqual(
      codeOf(() => parseObject('a: 1\nb: [')),
      ['ObjectInvalid', 2],
    );
    assert.deepEqual(
      codeOf(() => parseObject('- a')),
      ['ObjectInvalid', undefined],
    );
    const other = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'other', namespace: 'team' } };
    assert.deepEqual(
      codeOf(() => {
        assertSame(other, ref);
      }),
      ['ObjectInvalid', undefined],
    );
    assert.doesNotThrow(() => {
      assertSame({ ...other, metadata: { name: 'web', namespace: 'team' } }, ref);
    });
  });

  it('is marked at the line of the field that the server names', () => {
    const text = [
      'apiVersion: apps/v1',
      'metadata:',
      '  labels:',
      '    app.kubernetes.io/name: web',
      'spec:',
      '  replicas: 2',
      '  template:',
      '    spec:',
      '      containers:',
      '        - name: side',
      '        - name: web',
      '          image: web:1',
    ].join('\n');
    assert.equal(fieldLine(text, '.spec.replicas'), 5);
    assert.equal(fieldLine(text, '.spec.template.spec.containers[name="web"].image'), 11);
    assert.equal(fieldLine(text, 'spec.template.spec.containers[0].name'), 9);
    assert.equal(fieldLine(text, '.metadata.labels.app.kubernetes.io/name'), 3);
    assert.equal(fieldLine(text, '.spec.strategy.type'), 4);
    assert.equal(fieldLine(text, ''), 0);
  });
});
