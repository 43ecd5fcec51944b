import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cureFor, orphans, type Remains } from '../../../../../src/targets/kubernetes/change/leftovers';
import type { Deployment } from '../../../../../src/targets/kubernetes/objects';
import type { ReleaseSpec, StoredRelease } from '../../../../../src/targets/kubernetes/state/release';

const stored = (version: number, outcome: StoredRelease['outcome']): StoredRelease => ({
  spec: { model: 'iris', version } as ReleaseSpec,
  outcome,
  failure: undefined,
});

function running(version: number, isComplete: boolean, replicas = 1): Deployment {
  const labels = { 'slipway.dev/release': String(version) };
  const metadata = { name: 'iris', uid: 'u', resourceVersion: '1', creationTimestamp: '', labels, generation: 1 };
  const done = { observedGeneration: 1, replicas, updatedReplicas: replicas, availableReplicas: replicas };
  return { metadata, spec: { replicas }, status: isComplete ? done : { ...done, availableReplicas: 0 } };
}

const nothing: Remains = {
  model: 'iris',
  deployment: undefined,
  releases: [],
  lostSecrets: [],
  hasOthers: false,
  hasService: false,
  hasLease: false,
};

function cure(remains: Partial<Remains>): unknown {
  const found = cureFor({ ...nothing, hasOthers: true, hasService: true, ...remains });
  return found !== undefined && 'release' in found ? [found.kind, found.release.version] : found?.kind;
}

describe('what a change left', () => {
  it('is nothing where every release came to its end', () => {
    assert.equal(
      cure({ deployment: running(2, true), releases: [stored(1, 'failed'), stored(2, 'ready')] }),
      undefined,
    );
    assert.equal(cure({ deployment: running(1, true, 0), releases: [stored(1, 'failed')] }), undefined);
  });

  it('is removed where nothing ever answered, or most is gone', () => {
    assert.equal(cure({ releases: [stored(1, undefined)] }), 'remove');
    assert.equal(cure({ hasService: false }), 'remove');
    assert.equal(cure({ deployment: running(1, false), releases: [stored(1, undefined)] }), 'remove');
    assert.equal(cure({ deployment: running(1, true), releases: [stored(1, 'ready')], hasService: false }), 'remove');
  });

  it('is finished where the release answers, and goes back where it does not', () => {
    const releases = [stored(1, 'ready'), stored(2, 'failed'), stored(3, undefined)];
    assert.deepEqual(cure({ deployment: running(3, true), releases }), ['finish', 3]);
    assert.deepEqual(cure({ deployment: running(3, false), releases }), ['goBack', 1]);
    assert.deepEqual(cure({ deployment: running(2, false), releases }), ['goBack', 1]);
    assert.equal(cure({ deployment: running(1, false), releases: [stored(1, 'failed')] }), 'stop');
  });

  it('is forgotten where it never ran', () => {
    const deployment = running(1, true);
    const releases = [stored(1, 'ready'), stored(2, undefined)];
    assert.equal(cure({ deployment, releases }), 'forget');
    assert.deepEqual(
      orphans({ deployment, releases }).map(({ spec }) => spec.version),
      [2],
    );
    assert.equal(cure({ deployment, releases: [stored(1, 'ready')], lostSecrets: ['iris.v2'] }), 'forget');
    assert.equal(cureFor({ ...nothing, hasLease: true })?.kind, 'forget');
    assert.equal(cureFor(nothing), undefined);
  });
});
