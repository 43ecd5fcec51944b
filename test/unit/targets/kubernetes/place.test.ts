import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeContext } from '../../../../src/clients/kubernetes/kubeconfig';
import { findContext } from '../../../../src/targets/kubernetes/place';

const contexts = [
  context('kind'),
  context('arn:aws:eks:eu-west-1:1234:cluster/prod', 'shop'),
  context('arn:aws:eks:eu-west-1:1234:cluster'),
];

function context(name: string, namespace?: string): KubeContext {
  const cluster = { name, server: 'https://127.0.0.1:1', skipTLSVerify: false };
  return { name, file: '/kubeconfig', line: 1, namespace, cluster, user: { name } };
}

function found(name: string): readonly [string, string] | undefined {
  const one = findContext(name, contexts);
  return one === undefined ? undefined : [one.context.name, one.namespace];
}

describe('the place that a target names', () => {
  it('is a context and a namespace', () => {
    assert.deepEqual(found('kind/models'), ['kind', 'models']);
  });

  it('is in the namespace of the context, or in the default one, where it names none', () => {
    assert.deepEqual(found('kind'), ['kind', 'default']);
    assert.deepEqual(found('kind/'), ['kind', 'default']);
    assert.deepEqual(found('arn:aws:eks:eu-west-1:1234:cluster/prod'), [
      'arn:aws:eks:eu-west-1:1234:cluster/prod',
      'shop',
    ]);
  });

  it('is in the context that is known, however many slashes and colons its name has', () => {
    assert.deepEqual(found('arn:aws:eks:eu-west-1:1234:cluster/prod/models'), [
      'arn:aws:eks:eu-west-1:1234:cluster/prod',
      'models',
    ]);
    assert.deepEqual(found('arn:aws:eks:eu-west-1:1234:cluster/test'), ['arn:aws:eks:eu-west-1:1234:cluster', 'test']);
  });

  it('is none where no context is known', () => {
    assert.equal(found('minikube/models'), undefined);
  });
});
