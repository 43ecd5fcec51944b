import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { memoryBlob } from '../../src/build/image/blobs';
import { Publisher } from '../../src/build/image/publisher';
import { sha256 } from '../../src/clients/registry/blob';
import { Registry } from '../../src/clients/registry/connection';
import { isAbort } from '../../src/core/errors';
import { mediaTypes } from '../../src/core/oci';
import { failure } from '../support/failure';
import { pass, startFaultProxy, type Fault, type FaultProxy, type SeenRequest } from '../support/faultProxy';
import { closedPort } from '../support/ports';
import { startRegistry, type TestRegistry } from '../testbed/docker/registry';

const blobBytes = 5_000_000;
const never = new AbortController().signal;

let registry: TestRegistry;
let folder: string;
let proxies: FaultProxy[] = [];
let repositories = 0;

before(async () => {
  registry = await startRegistry();
  folder = await mkdtemp(path.join(tmpdir(), 'slw-push-'));
  process.env['DOCKER_CONFIG'] = folder;
});
after(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
  Reflect.deleteProperty(process.env, 'DOCKER_CONFIG');
});
beforeEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  proxies = [];
  await rm(path.join(folder, 'config.json'), { force: true });
});
after(() => Promise.all(proxies.map((proxy) => proxy.stop())));

interface Pushed {
  readonly repository: string;
  readonly digest: string;
  readonly proxy: FaultProxy;
}

/** Pushes an image of random bytes through a network with faults. */
async function push(
  decide: (request: SeenRequest) => Fault,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): Promise<Pushed> {
  const proxy = await startFaultProxy(registry.port, decide);
  proxies.push(proxy);
  repositories += 1;
  const repository = `faults/r${repositories}`;
  const digest = await pushTo(proxy.host, repository, options.signal ?? never, options.onBytes);
  return { repository, digest, proxy };
}

async function pushTo(
  host: string,
  repository: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
  layer = randomBytes(blobBytes),
): Promise<string> {
  const connection = new Registry(host, { insecure: true, wait: () => Promise.resolve() });
  const publisher = new Publisher({ registry: connection, repository }, folder, onBytes);
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [sha256(layer)] } }),
  );
  const blobs = [layer, config].map((content) => ({ source: memoryBlob(sha256(content), content) }));
  for (const blob of blobs) await publisher.blob(blob, signal);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: sha256(config), size: config.length },
    layers: [{ mediaType: mediaTypes.layerTar, digest: sha256(layer), size: layer.length }],
  };
  const content = Buffer.from(JSON.stringify(manifest));
  await publisher.manifest('one', { mediaType: mediaTypes.manifest, content }, blobs, signal);
  return sha256(content);
}

/** Asks the registry itself, past the faults. */
async function assertComplete({ repository, digest }: Pushed): Promise<void> {
  const headers = { accept: mediaTypes.manifest };
  const url = `http://${registry.host}/v2/${repository}`;
  const answer = await fetch(`${url}/manifests/one`, { headers });
  assert.equal(answer.headers.get('docker-content-digest'), digest);
  const { layers } = (await answer.json()) as { layers: readonly { digest: string }[] };
  const blob = await fetch(`${url}/blobs/${layers[0]?.digest ?? ''}`);
  assert.equal(sha256(Buffer.from(await blob.arrayBuffer())), layers[0]?.digest);
}

async function tagsOf(repository: string): Promise<unknown> {
  const answer = await fetch(`http://${registry.host}/v2/${repository}/tags/list`);
  return answer.status === 404 ? null : ((await answer.json()) as { tags: unknown }).tags;
}

const isUpload = ({ method }: SeenRequest): boolean => method === 'PUT' || method === 'PATCH';
const isLayerUpload = (request: SeenRequest): boolean => isUpload(request) && request.path.includes('/uploads/');

/** The fault for the first `times` requests of a kind, the rest pass. */
function firstTimes(
  times: number,
  which: (request: SeenRequest) => boolean,
  fault: Fault,
): (request: SeenRequest) => Fault {
  let left = times;
  return (request) => (which(request) && left-- > 0 ? fault : pass);
}

describe('a push over a network with faults', { timeout: 5 * 60_000 }, () => {
  const mended: Readonly<Record<string, () => (request: SeenRequest) => Fault>> = {
    'nothing fails': () => () => pass,
    'the registry fails in the middle of an upload': () =>
      firstTimes(2, isLayerUpload, { kind: 'answer', status: 500 }),
    'an upload cannot be started': () =>
      firstTimes(2, ({ method }) => method === 'POST', { kind: 'answer', status: 503 }),
    'the connection is cut in an upload': () => firstTimes(3, isLayerUpload, { kind: 'cut', afterBytes: 1_000_000 }),
    'every connection is cut after 700 kB': () => (request) =>
      isLayerUpload(request) ? { kind: 'cut', afterBytes: 700_000 } : pass,
    'every third request is cut': () => (request) => (request.number % 3 === 0 ? { kind: 'cut', afterBytes: 0 } : pass),
    'the answer to an upload is lost': () => firstTimes(2, isLayerUpload, { kind: 'loseAnswer' }),
    'the answer to the manifest is lost': () =>
      firstTimes(1, (request) => request.path.includes('/manifests/'), { kind: 'loseAnswer' }),
    'every tenth request fails': () => (request) =>
      request.number % 10 === 0 ? { kind: 'answer', status: 502 } : pass,
  };
  for (const [name, decide] of Object.entries(mended)) {
    it(`arrives when ${name}`, async () => {
      let shown = 0;
      const pushed = await push(decide(), {
        onBytes: (bytes) => {
          shown += bytes;
        },
      });
      await assertComplete(pushed);
      assert.ok(shown >= blobBytes - 1 && shown < blobBytes + 10_000, `progress said ${shown} bytes`);
    });
  }

  it('waits as long as a busy registry asks', async () => {
    const started = performance.now();
    const busy: Fault = { kind: 'answer', status: 429, headers: { 'retry-after': '1' } };
    await assertComplete(await push(firstTimes(2, ({ method }) => method === 'POST', busy)));
    assert.ok(performance.now() - started >= 1900);
  });

  const refusals: readonly (readonly [number, string, RegExp])[] = [
    [401, 'RegistryUnauthorized', /does not accept the credentials/],
    [403, 'RegistryDenied', /does not allow you to push/],
    [404, 'ImageNotFound', /nothing under that name/],
    [413, 'RegistryTooLarge', /refuses requests of that size/],
    [418, 'RegistryFailed', /answered 418/],
  ];
  for (const [status, code, message] of refusals) {
    it(`ends with ${code} when the registry answers ${status}, and leaves no tag`, async () => {
      const isStart = ({ method }: SeenRequest): boolean => (status === 413 ? method === 'PUT' : method === 'POST');
      const action = push((request) => (isStart(request) ? { kind: 'answer', status } : pass));
      await failure(action, code, message);
      assert.equal(await tagsOf(`faults/r${repositories}`), null);
    });
  }

  it('gives up on a registry that always fails, and leaves no tag', async () => {
    await failure(
      push((request) => (isLayerUpload(request) ? { kind: 'answer', status: 500 } : pass)),
      'UploadFailed',
      /answered 500/,
    );
    assert.equal(await tagsOf(`faults/r${repositories}`), null);
  });

  it('says that nobody listens', async () => {
    await failure(pushTo(`127.0.0.1:${await closedPort()}`, 'a', never), 'RegistryUnreachable', /ECONNREFUSED/);
  });

  it('is cancelled in the middle of an upload and leaves no tag', async () => {
    const controller = new AbortController();
    let sent = 0;
    const onBytes = (bytes: number): void => {
      sent += bytes;
      if (sent > blobBytes / 4) controller.abort();
    };
    const outcome = await push(() => pass, { signal: controller.signal, onBytes }).catch((error: unknown) => error);
    assert.ok(isAbort(outcome), String(outcome));
    assert.equal(await tagsOf(`faults/r${repositories}`), null);
  });

  it('finds out that the registry has lost what was pushed before', async () => {
    const layer = randomBytes(1000);
    await pushTo(registry.host, 'faults/lost', never, undefined, layer);
    const deleted = await fetch(`http://${registry.host}/v2/faults/lost/blobs/${sha256(layer)}`, { method: 'DELETE' });
    assert.equal(deleted.status, 202);
    const digest = await pushTo(registry.host, 'faults/lost', never, undefined, layer);
    const blob = await fetch(`http://${registry.host}/v2/faults/lost/blobs/${sha256(layer)}`);
    assert.equal(sha256(Buffer.from(await blob.arrayBuffer())), sha256(layer));
    assert.match(digest, /^sha256:/);
  });
});

/** A registry that wants tokens, each good for a few requests; `secret` is what the token service wants to see. */
function withTokens(accepts: (request: SeenRequest) => boolean, uses: number): (request: SeenRequest) => Fault {
  let current = '';
  let left = 0;
  let host = '';
  return (request) => {
    if (request.path.startsWith('/token')) {
      if (!accepts(request)) return { kind: 'answer', status: 401, body: 'wrong' };
      current = randomBytes(8).toString('hex');
      left = uses;
      return { kind: 'answer', status: 200, body: JSON.stringify({ token: current, expires_in: 300 }) };
    }
    host = proxies.at(-1)?.host ?? '';
    if (request.path === '/v2/') return { kind: 'answer', status: 401 };
    if (request.authorization === `Bearer ${current}` && left-- > 0) return pass;
    const realm = `Bearer realm="http://${host}/token",service="test",scope="whatever"`;
    return { kind: 'answer', status: 401, headers: { 'www-authenticate': realm } };
  };
}

async function login(host: string, config: (host: string) => unknown): Promise<void> {
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config(host)));
}

describe('credentials', { timeout: 60_000 }, () => {
  const password = 'p:ass wörd';
  const auth = Buffer.from(`me:${password}`).toString('base64');
  const shown = `Basic ${auth}`;

  /** Makes the proxy first, because the Docker configuration names its address. */
  async function pushWith(decide: (request: SeenRequest) => Fault, config: (host: string) => unknown): Promise<Pushed> {
    const proxy = await startFaultProxy(registry.port, decide);
    proxies.push(proxy);
    await login(proxy.host, config);
    repositories += 1;
    const repository = `faults/r${repositories}`;
    return { repository, digest: await pushTo(proxy.host, repository, never), proxy };
  }

  const basic = (request: SeenRequest): Fault =>
    request.authorization === shown
      ? pass
      : { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } };

  it('are a name and a password of docker login', async () => {
    await assertComplete(await pushWith(basic, (host) => ({ auths: { [host]: { auth } } })));
  });

  it('buy tokens, which are renewed when they run out in the middle of a push', async () => {
    const pushed = await pushWith(
      withTokens((request) => request.authorization === shown, 2),
      (host) => ({ auths: { [`https://${host}/v1/`]: { auth } } }),
    );
    await assertComplete(pushed);
    assert.ok(pushed.proxy.requests.filter(({ path: one }) => one.startsWith('/token')).length >= 3);
  });

  it('are asked for nothing where anybody may push', async () => {
    await assertComplete(
      await pushWith(
        withTokens((request) => request.authorization === undefined, 9),
        () => ({}),
      ),
    );
  });

  it('may be an identity token', async () => {
    const decide = withTokens((request) => request.method === 'POST', 9);
    await assertComplete(await pushWith(decide, (host) => ({ auths: { [host]: { identitytoken: 'refresh' } } })));
  });

  for (const kind of ['credHelpers', 'credsStore'] as const) {
    it(`come from the helper that ${kind} names`, async () => {
      const programs = path.join(folder, 'bin');
      await mkdir(programs, { recursive: true });
      const helper = path.join(programs, 'docker-credential-slwtest');
      const answer = JSON.stringify({ Username: 'me', Secret: password });
      await writeFile(helper, `#!/bin/sh\nread host\necho '${answer}'\n`);
      await chmod(helper, 0o755);
      const before = process.env['PATH'];
      process.env['PATH'] = `${programs}${path.delimiter}${before ?? ''}`;
      try {
        const config = (host: string): unknown =>
          kind === 'credsStore' ? { credsStore: 'slwtest' } : { credHelpers: { [host]: 'slwtest' } };
        await assertComplete(await pushWith(basic, config));
      } finally {
        process.env['PATH'] = before;
      }
    });
  }

  it('that are wrong are an error that does not tell them', async () => {
    const wrong = Buffer.from('me:hunter2').toString('base64');
    const error = await failure(
      pushWith(basic, (host) => ({ auths: { [host]: { auth: wrong } } })),
      'RegistryUnauthorized',
      /does not accept/,
    );
    const told = JSON.stringify([error.message, error.details, error.remedy, error.stack]);
    assert.ok(!told.includes('hunter2') && !told.includes(wrong));
  });

  it('that cannot be read are an error', async () => {
    await writeFile(path.join(folder, 'config.json'), '{');
    const proxy = await startFaultProxy(registry.port, basic);
    proxies.push(proxy);
    await failure(pushTo(proxy.host, 'a', never), 'DockerConfigInvalid', /is not JSON/);
  });
});
