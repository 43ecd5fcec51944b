import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Registry } from '../../src/clients/registry/connection';
import { listRepositories, listTags } from '../../src/clients/registry/browse';
import { checkPush } from '../../src/clients/registry/check';
import type { UserError } from '../../src/core/errors';
import type { PushedImage } from '../../src/pipeline/pushedImages';
import { pushedImages, rememberPush } from '../../src/pipeline/pushedImages';
import { deleteTag, type DeleteTagRequest } from '../../src/pipeline/deleteTag';
import { RegistryExplorer } from '../../src/pipeline/exploreRegistry';
import { buildCli, slipway } from '../support/cli';
import { failure } from '../support/failure';
import { pass, startFaultProxy, type FaultProxy } from '../support/faultProxy';
import { openWorkspace, type Workspace } from '../support/workspace';
import { never, openPushBench, type PushBench } from './pushing';

describe('what a registry holds', { timeout: 60_000 }, () => {
  let bench: PushBench;
  let workspace: Workspace;
  let proxy: FaultProxy | undefined;
  before(async () => {
    bench = await openPushBench();
    workspace = await openWorkspace({ target: 'local' });
  });
  after(async () => {
    await proxy?.stop();
    await bench.close();
    await workspace.close();
  });

  const explorer = (host = bench.host): RegistryExplorer => new RegistryExplorer(workspace.services, [host]);

  async function pushed(repository: string, tag: string, model?: string): Promise<PushedImage> {
    const digest = await bench.pushTo(bench.host, repository, { tag, ...(model === undefined ? {} : { model }) });
    const now = new Date().toISOString();
    return { registry: bench.host, repository, tag, digest, model: model ?? '', project: '/ana', pushedAt: now };
  }

  function request(image: PushedImage, confirmImage: () => Promise<boolean>): DeleteTagRequest {
    return { ...image, insecure: [image.registry], confirmImage };
  }

  it('is left as it was by the check before a push', async () => {
    await checkPush(new Registry(bench.host, { insecure: true }), { repository: 'new/thing' }, never);
    assert.deepEqual(await explorer().repositories(bench.host, undefined, never), { items: [] });
  });

  it('is shown as far as it is of Slipway', async () => {
    await pushed('other/base', 'one');
    await pushed('ana/iris', 'one', 'iris');
    await rememberPush(workspace.services.home, await pushed('ana/flats', 'one', 'flats'));
    const { items } = await explorer().repositories(bench.host, undefined, never);
    assert.deepEqual(items, [
      { name: 'ana/flats', model: 'flats', project: '/ana' },
      { name: 'ana/iris', model: 'iris' },
    ]);
    const [flats] = (await explorer().tags(bench.host, 'ana/flats', undefined, never)).items;
    assert.equal(flats?.project, '/ana');
    assert.equal(flats.layers.length, 1);
    assert.match(flats.pushedAt ?? '', /^\d{4}-/);
  });

  it('is read in pages', async () => {
    const registry = new Registry(bench.host, { insecure: true });
    const wanted = Array.from({ length: 60 }, (_, index) => `t${100 + index}`);
    const layer = Buffer.from('layer');
    for (const tag of wanted) await bench.pushTo(bench.host, 'ana/many', { tag }, layer);
    const first = await listTags(registry, 'ana/many', undefined, never);
    assert.deepEqual(first.items, wanted.slice(0, 50));
    const second = await listTags(registry, 'ana/many', first.next, never);
    assert.deepEqual(second, { items: wanted.slice(50) });
    const one = await listRepositories(registry, '/v2/_catalog?n=1', never);
    assert.deepEqual(one.items, ['ana/flats']);
    assert.deepEqual((await listRepositories(registry, one.next, never)).items, ['ana/iris']);
  });

  it('is as far as it was pushed from here where the registry tells nobody its list, with the reason', async () => {
    proxy = await startFaultProxy(Number(bench.host.split(':')[1]), ({ path }) =>
      path.startsWith('/v2/_catalog') ? { kind: 'answer', status: 401 } : pass,
    );
    const { items, note } = await explorer(proxy.host).repositories(proxy.host, undefined, never);
    assert.deepEqual(items, []);
    assert.match(note ?? '', /does not accept the credentials to list its repositories/);
  });

  it('loses a tag that is deleted, and the image is forgotten', async () => {
    const image = await pushed('ana/gone', 'one', 'gone');
    await rememberPush(workspace.services.home, image);
    assert.ok(
      await deleteTag(
        workspace.services,
        request(image, () => Promise.resolve(true)),
        never,
      ),
    );
    assert.deepEqual((await explorer().tags(bench.host, 'ana/gone', undefined, never)).items, []);
    assert.ok(!(await pushedImages(workspace.services.home)).some((one) => one.digest === image.digest));
  });

  it('is checked, listed and cleaned from a terminal', async () => {
    await buildCli();
    const image = await pushed('ana/cli', 'one', 'cli');
    const common = ['--insecure', '--json', '--home', workspace.home];
    const ask = async (action: string, where: string, ...more: readonly string[]) => {
      const result = await slipway(['registry', action, where, ...common, ...more]);
      return { exitCode: result.exitCode, events: result.json };
    };
    assert.equal((await ask('check', `${bench.host}/ana/cli`)).exitCode, 0);
    const { events: found } = await ask('repositories', bench.host);
    assert.ok(found.some((one) => one['name'] === 'ana/cli' && one['model'] === 'cli'));
    const { events: listed } = await ask('tags', `${bench.host}/ana/cli`);
    assert.deepEqual(
      listed.map((one) => [one['event'], one['tag'], one['digest']]),
      [['tag', 'one', image.digest]],
    );
    assert.equal((await ask('delete-tag', `${bench.host}/ana/cli:one`)).exitCode, 2);
    assert.equal((await ask('delete-tag', `${bench.host}/ana/cli:one`, '--digest', image.digest)).exitCode, 0);
    assert.deepEqual((await ask('tags', `${bench.host}/ana/cli`)).events, []);
  });

  it('keeps a tag that names another image by now', async () => {
    const image = await pushed('ana/moved', 'one', 'moved');
    await pushed('ana/moved', 'one', 'moved');
    await failure(
      deleteTag(
        workspace.services,
        request(image, () => Promise.resolve(true)),
        never,
      ),
      'TagMoved',
      /names another image/,
    );
  });

  it('keeps everything where deleting is switched off, and says so', async () => {
    const image = await pushed('ana/kept', 'one', 'kept');
    const asked: string[] = [];
    const refusing = await startFaultProxy(Number(bench.host.split(':')[1]), ({ method, path }) => {
      if (method !== 'DELETE') return pass;
      asked.push(path);
      return { kind: 'answer', status: 405, body: '{"errors":[{"code":"UNSUPPORTED"}]}' };
    });
    try {
      const through = { ...image, registry: refusing.host };
      const no = await deleteTag(
        workspace.services,
        request(through, () => Promise.resolve(false)),
        never,
      );
      assert.equal(no, false);
      assert.equal(asked.length, 1);
      const error: UserError = await failure(
        deleteTag(
          workspace.services,
          request(through, () => Promise.resolve(true)),
          never,
        ),
        'DeleteRefused',
        /does not delete images/,
      );
      assert.match(error.remedy?.label ?? '', /administered/);
    } finally {
      await refusing.stop();
    }
  });
});
