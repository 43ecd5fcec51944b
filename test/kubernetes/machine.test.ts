import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually';
import { leftoversOf } from '../testbed/kubernetes/leftovers';
import { startMachine, type Machine } from '../testbed/kubernetes/machine';

const programs = process.env['SLIPWAY_TEST_KUBERNETES'] ?? '';

describe('A machine of the testbed', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`leaves nothing when its process gets ${signal}`, async () => {
      const { child, machine } = await hold();
      assert.ok(leftoversOf(machine).length > 0);
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
      assert.deepEqual(leftoversOf(machine), []);
    });

  it('leaves a folder and empty groups when its process is killed, until the next one starts', async () => {
    const { child, machine } = await hold();
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    const isLive = (line: string): boolean => !/^(folder|control group) /.test(line);
    await eventually('nothing of it lives', 10, () => !leftoversOf(machine).some(isLive));
    const next = await startMachine(programs);
    try {
      assert.deepEqual(leftoversOf(machine), []);
    } finally {
      await next.remove();
    }
    assert.deepEqual(leftoversOf(next), []);
  });
});

/** A process with a machine in which a program runs. */
async function hold(): Promise<{ readonly child: ChildProcess; readonly machine: Machine }> {
  const file = path.join(import.meta.dirname, 'heldMachine.ts');
  const child = spawn(process.execPath, [...process.execArgv, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eventually('the machine runs', 60, () => text.includes('\n'));
  const machine = JSON.parse(text) as Machine;
  await eventually('its program runs', 10, () => leftoversOf(machine).some((line) => line.includes('sleep')));
  return { child, machine };
}
