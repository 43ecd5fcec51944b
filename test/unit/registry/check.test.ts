import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { checkPush } from '../../../src/clients/registry/check';
import { Registry } from '../../../src/clients/registry/connection';
import type { CredentialSource } from '../../../src/clients/registry/dockerConfig';
import { isAbort } from '../../../src/core/errors';
import { failure } from '../../support/failure';
import { closedPort } from '../../support/ports';

const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A registry that fails in a certain way. @returns its host, and `METHOD path` of what it was asked */
async function failing(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly host: string; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume();
    if (request.url === '/v2/') response.end();
    else answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function check(host: string, credentials?: CredentialSource, signal = never, patienceMs = 10_000): Promise<void> {
  const options = { insecure: true, ...(credentials === undefined ? {} : { credentials }) };
  return checkPush(new Registry(host, options), { repository: 'ana/iris', patienceMs }, signal);
}

describe('the check of a registry', { timeout: 30_000 }, () => {
  it('begins an upload and gives it up, also where the registry cannot cancel', async () => {
    const { host, asked } = await failing((request, response) => {
      if (request.method === 'POST') response.writeHead(202, { location: '/v2/ana/iris/blobs/uploads/1' }).end();
      else response.writeHead(405).end();
    });
    await check(host);
    assert.deepEqual(asked, ['GET /v2/', 'POST /v2/ana/iris/blobs/uploads/', 'DELETE /v2/ana/iris/blobs/uploads/1']);
  });

  it('tells the words of a registry that refuses', async () => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no plan for private images' }] });
    const { host } = await failing((_request, response) => response.writeHead(403).end(body));
    await failure(check(host), 'RegistryDenied', /does not allow you to push to ana\/iris.*no plan for private images/);
  });

  it('is not repeated while a registry fails', async () => {
    const { host, asked } = await failing((_request, response) => response.writeHead(503).end());
    await failure(check(host), 'RegistryFailed', /503/);
    assert.equal(asked.filter((one) => one.startsWith('POST')).length, 1);
  });

  it('ends when nobody listens, and when nobody answers', async () => {
    await failure(check(`127.0.0.1:${await closedPort()}`), 'RegistryUnreachable', /ECONNREFUSED/);
    const { host } = await failing(() => undefined);
    await failure(check(host, undefined, never, 300), 'RegistryUnreachable', /did not answer/);
  });

  it('is cancelled', async () => {
    const { host } = await failing(() => undefined);
    const outcome = await check(host, undefined, AbortSignal.abort()).catch((error: unknown) => error);
    assert.ok(isAbort(outcome), String(outcome));
  });

  it('shows what was typed before what Docker has, and never tells it', async () => {
    let shown = '';
    const { host } = await failing((request, response) => {
      shown = request.headers.authorization ?? shown;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
    });
    const typed: CredentialSource = (asked) =>
      Promise.resolve(asked === host ? { kind: 'password', username: 'ana', password: 'typed secret' } : undefined);
    const error = await failure(check(host, typed), 'RegistryUnauthorized', /does not accept/);
    assert.equal(Buffer.from(shown.replace('Basic ', ''), 'base64').toString(), 'ana:typed secret');
    assert.ok(!JSON.stringify([error.message, error.details, error.remedy, error.stack]).includes('typed secret'));
  });
});
