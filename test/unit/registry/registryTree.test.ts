import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageTag } from '../../../src/core/registry';
import { untranslated, type TreeNode } from '../../../src/tree/node';
import { registryTree, unread, type RegistryState, type RepositoryState } from '../../../src/tree/registryTree';

const layer = { digest: `sha256:${'a'.repeat(64)}`, bytes: 3_000_000 };
const foreign: ImageTag = {
  tag: 'one',
  digest: `sha256:${'b'.repeat(64)}`,
  layers: [layer, { ...layer, title: 'slipway: code' }],
  model: 'iris',
  bundle: `sha256:${'c'.repeat(64)}`,
};
const tag: ImageTag = { ...foreign, project: '/home/ana/iris' };

function tree(repositories: RegistryState['repositories']): TreeNode {
  const [root] = registryTree([{ host: 'reg:5000', repositories }], untranslated);
  assert.ok(root);
  return root;
}

function withTags(tags: RepositoryState['tags']): TreeNode {
  const [repository] = tree({ items: [{ name: 'ana/iris', model: 'iris', tags }], isRead: true }).children;
  assert.ok(repository);
  return repository;
}

describe('the Registries tree', () => {
  it('shows a registry that nobody looked into as a closed row', () => {
    const root = tree(unread);
    assert.equal(root.state, 'collapsed');
    assert.equal(root.description, undefined);
    assert.deepEqual(root.children, []);
  });

  it('goes from the registry down to layers, with ids that tell equal layers apart', () => {
    const repository = withTags({ items: [tag], isRead: true });
    assert.equal(repository.label, 'ana/iris');
    const [shown] = repository.children;
    assert.equal(shown?.context, 'imageTag project');
    assert.equal(shown.description, `${'b'.repeat(12)} · 5.7 MB`);
    assert.deepEqual(shown.image, {
      registry: 'reg:5000',
      repository: 'ana/iris',
      tag: 'one',
      digest: tag.digest,
      bundle: foreign.bundle,
      project: '/home/ana/iris',
    });
    assert.deepEqual(
      shown.children.map((one) => one.label),
      ['aaaaaaaaaaaa', 'code'],
    );
    assert.equal(new Set(shown.children.map((one) => one.id)).size, 2);
  });

  it('offers no project where none is known', () => {
    assert.equal(withTags({ items: [foreign], isRead: true }).children[0]?.context, 'imageTag');
  });

  it('says that a list is empty, broken, incomplete, or goes on', () => {
    const contexts = (list: RegistryState['repositories']): readonly string[] =>
      tree(list).children.map((one) => `${one.context}: ${one.label}`);
    assert.deepEqual(contexts({ items: [], isRead: true }), ['note: No images of Slipway']);
    assert.deepEqual(contexts({ items: [], isRead: true, problem: 'It is down.' }), ['broken: It is down.']);
    assert.deepEqual(contexts({ items: [{ name: 'a', tags: unread }], isRead: true, note: 'denied' }), [
      'repository: a',
      'note: Other repositories are not listed',
    ]);
    assert.deepEqual(contexts({ items: [{ name: 'a', tags: unread }], isRead: true, next: '/v2/x' }), [
      'repository: a',
      'next: Load more',
    ]);
  });
});
