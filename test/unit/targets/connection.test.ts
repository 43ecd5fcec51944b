import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SupervisorConnection } from '../../../src/targets/local/connection';
import { failure } from '../../support/failure';

type Request = Readonly<Record<string, unknown>> & { readonly id: number; readonly op: string };
type Answer = (request: Request, socket: Socket) => void;

const signal = AbortSignal.timeout(20_000);
let folder: string;
let server: Server;
let answer: Answer;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slw-'));
  answer = (request, socket) => {
    reply(socket, { id: request.id, ok: true, result: {} });
  };
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const request = JSON.parse(line) as Request;
      if (request.op === 'hello') reply(socket, { id: request.id, ok: true, result: { protocol: 1 } });
      else answer(request, socket);
    });
  });
  server.listen(path.join(folder, 's'));
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const open = () =>
  SupervisorConnection.open({ pid: process.pid, control: `unix:${path.join(folder, 's')}` }, 'test', signal);

function reply(socket: Socket, message: unknown): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

describe('SupervisorConnection', () => {
  it('gives events that come before the result to the request', async () => {
    answer = (request, socket) => {
      reply(socket, { event: 'rollout', step: 'loading' });
      reply(socket, { id: request.id, ok: true, result: { version: 3 } });
    };
    const connection = await open();
    const events: unknown[] = [];
    assert.deepEqual(await connection.request('deploy', {}, signal, (event) => events.push(event['step'])), {
      version: 3,
    });
    assert.deepEqual(events, ['loading']);
    connection.close();
  });

  it('says that the conversation ended to who asks while it does', async () => {
    const connection = await open();
    for (const socket of sockets) socket.destroy();
    await failure(connection.request('deploy', {}, signal), 'SupervisorUnreachable', /ended the conversation/);
  });

  it('turns a refusal into a UserError with its code and details', async () => {
    answer = (request, socket) => {
      reply(socket, {
        id: request.id,
        ok: false,
        error: { code: 'DeployInProgress', message: 'busy', holder: { pid: 7 } },
      });
    };
    const connection = await open();
    await assert.rejects(
      connection.request('acquire', {}, signal),
      (error: { code: string; details: { holder: { pid: number } } }) => {
        assert.equal(error.code, 'DeployInProgress');
        assert.equal(error.details.holder.pid, 7);
        return true;
      },
    );
    connection.close();
  });

  it('fails every waiting request when the supervisor goes away', async () => {
    answer = (_, socket) => {
      socket.destroy();
    };
    const connection = await open();
    await assert.rejects(connection.request('status', {}, signal), { code: 'SupervisorUnreachable' });
    await assert.rejects(connection.request('status', {}, signal), { code: 'SupervisorUnreachable' });
  });

  it('closes when a request is aborted, so that the supervisor drops what it reserved', async () => {
    const controller = new AbortController();
    answer = () => {
      controller.abort();
    };
    const connection = await open();
    const closed = Promise.all([...sockets].map((socket) => once(socket, 'close')));
    await assert.rejects(connection.request('deploy', {}, controller.signal), { name: 'AbortError' });
    await closed;
  });

  it('ignores garbage between messages', async () => {
    answer = (request, socket) => {
      socket.write('not json\n\n[1]\n');
      reply(socket, { id: request.id, ok: true, result: 'fine' });
    };
    const connection = await open();
    assert.equal(await connection.request('status', {}, signal), 'fine');
    connection.close();
  });

  it('tells when nobody listens', async () => {
    await assert.rejects(
      SupervisorConnection.open({ pid: 1, control: `unix:${path.join(folder, 'none')}` }, 'test', signal),
      { code: 'SupervisorUnreachable' },
    );
  });
});
