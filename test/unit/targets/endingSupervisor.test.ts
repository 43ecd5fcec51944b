import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { localTarget } from '../../../src/targets/local/target';

/** A supervisor of a model that was never deployed: it greets, and ends before it has answered anything. */
describe('a supervisor that ends while it is asked', () => {
  let home: string;
  let server: Server;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'slw-'));
    const folder = path.join(home, 'models', 'iris');
    const socketPath = path.join(home, 's');
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, 'supervisor.json'),
      JSON.stringify({ protocol: 1, pid: process.pid, control: `unix:${socketPath}` }),
    );
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', (line) => {
        const { id, op } = JSON.parse(line) as { readonly id: number; readonly op: string };
        if (op === 'hello') socket.write(`${JSON.stringify({ id, ok: true, result: { protocol: 1 } })}\n`);
        else socket.destroy();
      });
    });
    server.listen(socketPath);
    await once(server, 'listening');
  });

  after(async () => {
    server.close();
    await rm(home, { recursive: true, force: true });
  });

  const target = () => localTarget({ home, resources: home, program: 'tests' });

  it('is no model in a list', async () => {
    assert.deepEqual(await target().models(AbortSignal.timeout(10_000)), []);
  });

  it('is no model for a watcher, which goes on', async () => {
    const stop = new AbortController();
    for await (const models of target().watchModels(AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]))) {
      assert.deepEqual(models, []);
      break;
    }
  });
});
