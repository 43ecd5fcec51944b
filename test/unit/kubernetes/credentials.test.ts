import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CredentialSource } from '../../../src/clients/kubernetes/credentials';
import type { ExecPlugin, KubeContext, KubeUser } from '../../../src/clients/kubernetes/kubeconfig';
import { isUserError } from '../../../src/core/errors';
import { eventually } from '../../support/eventually';

const never = new AbortController().signal;

/** Whether the process lives whose id a file holds. */
function isRunning(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('credentials of a Kubernetes user', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'slw-plugin-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const contextOf = (user: Partial<KubeUser>): KubeContext => ({
    name: 'c',
    file: path.join(folder, 'config'),
    line: 1,
    namespace: undefined,
    cluster: { name: 'c', server: 'https://10.0.0.1', skipTLSVerify: false },
    user: { name: 'u', ...user },
  });
  /** A plugin that counts its starts in a file, then does as the script says. */
  const plugin = (name: string, script: string, rest: Partial<ExecPlugin> = {}): ExecPlugin => {
    const file = path.join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho x >> "${file}.starts"\n${script}\n`);
    chmodSync(file, 0o755);
    return {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: `./${name}`,
      args: [],
      env: {},
      interactiveMode: 'IfAvailable',
      provideClusterInfo: false,
      folder,
      ...rest,
    };
  };
  const starts = (name: string): number => readFileSync(path.join(folder, `${name}.starts`), 'utf8').length / 2;
  const credential = (status: Readonly<Record<string, string>>): string =>
    `echo '${JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status })}'`;
  const failureOf = async (source: CredentialSource) => {
    const error: unknown = await source.get(never).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(isUserError(error));
    return error;
  };

  it('come from one process of a plugin, however many ask at once', async () => {
    const source = new CredentialSource(
      contextOf({ exec: plugin('slow', `sleep 0.3; ${credential({ token: 't1' })}`) }),
    );
    const all = await Promise.all(Array.from({ length: 50 }, () => source.get(never)));
    assert.ok(all.every(({ token }) => token === 't1'));
    assert.equal(starts('slow'), 1);
  });

  it('are asked for again shortly before they expire, and once when the server refused them', async () => {
    const soon = new Date(Date.now() + 1000).toISOString();
    const expiring = new CredentialSource(
      contextOf({ exec: plugin('expiring', credential({ token: 't', expirationTimestamp: soon })) }),
    );
    await expiring.get(never);
    await eventually('it is asked again', 3, async () => {
      await expiring.get(never);
      return starts('expiring') === 2;
    });
    const lasting = new CredentialSource(contextOf({ exec: plugin('lasting', credential({ token: 't' })) }));
    const first = await lasting.get(never);
    assert.equal(lasting.refuse(first), true);
    await new Promise(setImmediate);
    const second = await lasting.get(never);
    assert.equal(lasting.refuse(second), false);
    await lasting.get(never);
    assert.equal(starts('lasting'), 2);
  });

  it('are used where they seem to be over when they come: the clock here is wrong, and the server knows better', async () => {
    const past = new Date(Date.now() - 600_000).toISOString();
    const source = new CredentialSource(
      contextOf({ exec: plugin('past', credential({ token: 't', expirationTimestamp: past })) }),
    );
    for (let request = 0; request < 20; request++) assert.equal((await source.get(never)).token, 't');
    assert.equal(starts('past'), 1);
  });

  it('do not hold up who gives up, and end a plugin that nobody waits for', async () => {
    const exec = plugin('hanging', `echo $$ > ${path.join(folder, 'hanging.pid')}; exec sleep 600`);
    const source = new CredentialSource(contextOf({ exec }));
    const stops = [new AbortController(), new AbortController()] as const;
    const both = stops.map((stop) => source.get(stop.signal));
    const ends = Promise.allSettled(both);
    await eventually('it runs', 5, () => isRunning(path.join(folder, 'hanging.pid')));
    stops[0].abort();
    await assert.rejects(both[0] ?? Promise.resolve(), { name: 'AbortError' });
    assert.ok(isRunning(path.join(folder, 'hanging.pid')));
    stops[1].abort();
    await ends;
    await eventually('it is ended', 5, () => !isRunning(path.join(folder, 'hanging.pid')));
  });

  it('end a plugin that hangs, and say so', async () => {
    const exec = plugin('stuck', `echo $$ > ${path.join(folder, 'stuck.pid')}; echo "Waiting for you" >&2; sleep 600`);
    const { code, message } = await failureOf(new CredentialSource(contextOf({ exec }), 500));
    assert.equal(code, 'CredentialPluginFailed');
    assert.match(message, /did not answer within 0\.5 s/);
    assert.ok(!isRunning(path.join(folder, 'stuck.pid')));
  });

  it('tell what a plugin says when it fails, and do not start it again at once', async () => {
    const source = new CredentialSource(
      contextOf({ exec: plugin('failing', 'echo "Log in first \u001b[31m" >&2; exit 1') }),
    );
    const { code, message } = await failureOf(source);
    assert.equal(code, 'CredentialPluginFailed');
    assert.match(message, /exit code 1\. It says: Log in first $/);
    await failureOf(source);
    assert.equal(starts('failing'), 1);
  });

  it('are refused when a plugin prints something else, without showing it', async () => {
    const source = new CredentialSource(contextOf({ exec: plugin('garbage', 'echo "secret-token-in-the-clear"') }));
    const { message } = await failureOf(source);
    assert.doesNotMatch(message, /secret/);
  });

  it('do not hang on a plugin that reads from a terminal, nor start one that insists on it', async () => {
    const reading = new CredentialSource(
      contextOf({ exec: plugin('reading', 'read answer || { echo "no terminal" >&2; exit 2; }') }),
    );
    assert.match((await failureOf(reading)).message, /no terminal/);
    const insisting = new CredentialSource(
      contextOf({ exec: plugin('insisting', 'exit 0', { interactiveMode: 'Always' }) }),
    );
    assert.equal((await failureOf(insisting)).code, 'CredentialPluginInteractive');
  });

  it('name the folders that were searched for a plugin, and its hint', async () => {
    const missing = plugin('unused', '', {
      command: 'gke-gcloud-auth-plugin-of-nobody',
      installHint: 'Install it with gcloud.',
    });
    const { code, message, remedy } = await failureOf(new CredentialSource(contextOf({ exec: missing })));
    assert.equal(code, 'CredentialPluginMissing');
    assert.match(message, /\/usr\/local\/bin/);
    assert.deepEqual(remedy, { kind: 'hint', label: 'Install it with gcloud.' });
  });

  it('are read from a token file, which rotates', async () => {
    const file = path.join(folder, 'token');
    writeFileSync(file, 'one\n');
    const source = new CredentialSource(contextOf({ tokenFile: file }));
    const first = await source.get(never);
    assert.equal(first.token, 'one');
    writeFileSync(file, 'two\n');
    assert.equal(source.refuse(first), true);
    await new Promise(setImmediate);
    assert.equal((await source.get(never)).token, 'two');
    const gone = new CredentialSource(contextOf({ tokenFile: path.join(folder, 'nowhere') }));
    assert.equal((await failureOf(gone)).code, 'CredentialFileUnreadable');
  });
});
