// Starts a machine with a program in it, tells what it is and waits for its end: machine.test.ts kills it.
import { startMachine } from '../testbed/kubernetes/machine';

const machine = await startMachine(process.env['SLIPWAY_TEST_KUBERNETES'] ?? '');
machine.start('sleep', 'sleep', ['1000']);
const { folder, group, network } = machine;
console.log(JSON.stringify({ folder, group, network }));
