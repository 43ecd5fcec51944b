import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CredentialSource } from '../../../src/clients/kubernetes/credentials';
import type { ExecPlugin, KubeContext, KubeUser } from '../../../src/clients/kubernetes/kubeconfig';
import { isUserError } from '../../../src/core/errors';

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
    const error: unknown = await source.get().then(
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
    const all = await Promise.all(Array.from({ length: 50 }, () => source.get()));
    assert.ok(all.every(({ token }) => token === 't1'));
    assert.equal(starts('slow'), 1);
  });

  it('are asked for again shortly before they expire, and once when the server refused them', async () => {
    const soon = new Date(Date.now() + 10_000).toISOString();
    const expiring = new CredentialSource(
      contextOf({ exec: plugin('expiring', credential({ token: 't', expirationTimestamp: soon })) }),
    );
    await expiring.get();
    await expiring.get();
    assert.equal(starts('expiring'), 2);
    const lasting = new CredentialSource(contextOf({ exec: plugin('lasting', credential({ token: 't' })) }));
    const first = await lasting.get();
    assert.equal(lasting.refuse(first), true);
    await new Promise(setImmediate);
    const second = await lasting.get();
    assert.equal(lasting.refuse(second), false);
    await lasting.get();
    assert.equal(starts('lasting'), 2);
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
    const first = await source.get();
    assert.equal(first.token, 'one');
    writeFileSync(file, 'two\n');
    assert.equal(source.refuse(first), true);
    await new Promise(setImmediate);
    assert.equal((await source.get()).token, 'two');
    const gone = new CredentialSource(contextOf({ tokenFile: path.join(folder, 'nowhere') }));
    assert.equal((await failureOf(gone)).code, 'CredentialFileUnreadable');
  });
});
