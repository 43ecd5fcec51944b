import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { failure } from '../support/failure';
import { pass, type Fault, type SeenRequest } from '../support/faultProxy';
import { openPushBench, type PushBench, type Pushed } from './pushing';

let bench: PushBench;
before(async () => {
  bench = await openPushBench();
});
after(async () => {
  await bench.close();
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
    host = bench.lastProxy()?.host ?? '';
    if (request.path === '/v2/') return { kind: 'answer', status: 401 };
    if (request.authorization === `Bearer ${current}` && left-- > 0) return pass;
    const realm = `Bearer realm="http://${host}/token",service="test",scope="whatever"`;
    return { kind: 'answer', status: 401, headers: { 'www-authenticate': realm } };
  };
}

describe('credentials', { timeout: 60_000 }, () => {
  const password = 'p:ass wörd';
  const auth = Buffer.from(`me:${password}`).toString('base64');
  const shown = `Basic ${auth}`;

  function pushWith(decide: (request: SeenRequest) => Fault, config: (host: string) => unknown): Promise<Pushed> {
    const prepare = (host: string): Promise<void> =>
      writeFile(path.join(bench.folder, 'config.json'), JSON.stringify(config(host)));
    return bench.push(decide, { prepare });
  }

  const basic = (request: SeenRequest): Fault =>
    request.authorization === shown
      ? pass
      : { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="test"' } };

  it('are a name and a password of docker login', async () => {
    await bench.assertComplete(await pushWith(basic, (host) => ({ auths: { [host]: { auth } } })));
  });

  it('buy tokens, which are renewed when they run out in the middle of a push', async () => {
    const pushed = await pushWith(
      withTokens((request) => request.authorization === shown, 2),
      (host) => ({ auths: { [`https://${host}/v1/`]: { auth } } }),
    );
    await bench.assertComplete(pushed);
    assert.ok(pushed.proxy.requests.filter(({ path: one }) => one.startsWith('/token')).length >= 3);
  });

  it('are asked for nothing where anybody may push', async () => {
    await bench.assertComplete(
      await pushWith(
        withTokens((request) => request.authorization === undefined, 9),
        () => ({}),
      ),
    );
  });

  it('may be an identity token', async () => {
    const decide = withTokens((request) => request.method === 'POST', 9);
    await bench.assertComplete(await pushWith(decide, (host) => ({ auths: { [host]: { identitytoken: 'refresh' } } })));
  });

  for (const kind of ['credHelpers', 'credsStore'] as const) {
    it(`come from the helper that ${kind} names`, async () => {
      const programs = path.join(bench.folder, 'bin');
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
        await bench.assertComplete(await pushWith(basic, config));
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
    const prepare = (): Promise<void> => writeFile(path.join(bench.folder, 'config.json'), '{');
    await failure(bench.push(basic, { prepare }), 'DockerConfigInvalid', /is not JSON/);
  });
});
