import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../../clients/files/lockFile';
import { UserError } from '../../core/errors';
import type { Target } from '../../core/target';
import type { Services } from '../services';
import { forwardFile, isOpen, readForward, type HeldForward } from './heldForwards';

const startMs = 30_000;
const lookMs = 50;

/**
 * The address on this machine that leads to a model and has answered. A process of its own holds it, which survives window
 * and terminal; one is started where none is there.
 * @throws UserError ForwardUnsupported, ForwardFailed
 */
export async function openForward(
  services: Services,
  target: Target,
  model: string,
  signal: AbortSignal,
): Promise<HeldForward> {
  if (target.holdForward === undefined) throw forwardUnsupported(target);
  const file = forwardFile(services.home, target.id, model);
  const log = `${file}.log`;
  const started = isHeld(await readForward(file)) ? undefined : await start(services, target.id, model, log);
  const isHopeless = (last: HeldForward | undefined): boolean => (started?.exitCode ?? null) !== null && !isHeld(last);
  const deadline = Date.now() + startMs;
  let last: HeldForward | undefined;
  while (Date.now() < deadline && !isHopeless(last)) {
    await delay(lookMs, undefined, { signal });
    last = await readForward(file);
    if (isOpen(last)) return last;
  }
  throw forwardFailed(model, last?.reason ?? (await lastWords(log)));
}

function isHeld(forward: HeldForward | undefined): boolean {
  return forward !== undefined && isAlive(forward.pid);
}

/** The command line of this installation, on the Node that runs here; an editor's is one when it is told so. */
async function start({ home, context }: Services, target: string, model: string, log: string) {
  await mkdir(home.forwards, { recursive: true });
  const program = path.join(path.dirname(context.resources), 'dist', 'cli.js');
  const where = ['--target', target, '--home', home.root];
  const kubeconfig =
    context.kubeconfig === undefined || context.kubeconfig === '' ? [] : ['--kubeconfig', context.kubeconfig];
  const proxy = context.proxy === undefined || context.proxy === '' ? {} : { HTTPS_PROXY: context.proxy };
  const output = await open(log, 'w', 0o600);
  try {
    const child = spawn(process.execPath, [program, 'forward', model, '--foreground', ...where, ...kubeconfig], {
      cwd: home.root,
      detached: true,
      env: { ...process.env, ...proxy, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', output.fd, output.fd],
      windowsHide: true,
    });
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

async function lastWords(log: string): Promise<string> {
  return (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' ');
}

function forwardFailed(model: string, why: string): UserError {
  return new UserError('ForwardFailed', `No way to ${model} could be opened. ${why}`.trim(), {
    remedy: { kind: 'runCommand', label: 'Show Logs', command: 'slipway.followLogs', args: [model] },
  });
}

export function forwardUnsupported({ displayName }: Target): UserError {
  return new UserError(
    'ForwardUnsupported',
    `Models on ${displayName} need no way to them: this machine reaches them.`,
    {
      remedy: { kind: 'hint', label: 'Use the endpoint that "slipway models" shows.' },
    },
  );
}
