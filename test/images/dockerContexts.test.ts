import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server } from 'node:tls';
import { after, afterEach, before, describe, it } from 'node:test';
import { buildOnEngine, openEngine, type DockerEngine } from '../../src/clients/docker';
import { contextArchive } from '../../src/build/docker/context';
import { failure } from '../support/failure';
import { requireProgram } from '../testbed/program';
import { startEngine, type TestEngine } from '../testbed/docker/engine';

const never = new AbortController().signal;
const variables = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CERT_PATH', 'DOCKER_TLS_VERIFY', 'DOCKER_CONFIG', 'PATH'];

let engine: TestEngine;
let folder: string;
const before_ = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
before(async () => {
  engine = await startEngine();
  folder = await mkdtemp(path.join(tmpdir(), 'slw-contexts-'));
});
after(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  for (const [name, value] of Object.entries(before_)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
});

/** Docker's configuration with one context, as `docker context create` writes it. */
async function configure(
  name: string,
  host: string,
  config: object,
  tls: Readonly<Record<string, string>> = {},
): Promise<void> {
  const home = await mkdtemp(path.join(folder, 'config-'));
  const id = createHash('sha256').update(name).digest('hex');
  await mkdir(path.join(home, 'contexts', 'meta', id), { recursive: true });
  await mkdir(path.join(home, 'contexts', 'tls', id, 'docker'), { recursive: true });
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  await writeFile(path.join(home, 'contexts', 'meta', id, 'meta.json'), JSON.stringify(meta));
  for (const [file, from] of Object.entries(tls))
    await copyFile(from, path.join(home, 'contexts', 'tls', id, 'docker', file));
  await writeFile(path.join(home, 'config.json'), JSON.stringify(config));
  process.env['DOCKER_CONFIG'] = home;
}

/** Builds an image from nothing: requests, streams and a session go over the connection. */
async function assertBuilds(opened: DockerEngine): Promise<void> {
  const files = [
    { kind: 'content', path: 'Dockerfile', content: 'FROM scratch\nCOPY a /a\n' },
    { kind: 'content', path: 'a', content: 'a' },
  ] as const;
  const build = {
    context: contextArchive(files, never),
    dockerfile: 'Dockerfile',
    bases: [],
    labels: {},
    platform: opened.platform,
  };
  const lines: string[] = [];
  const outcome = await buildOnEngine(opened, build, (line) => lines.push(line), never);
  assert.equal(outcome.kind, 'built');
  assert.ok(
    lines.some((line) => line.includes('COPY a /a')),
    lines.join('\n'),
  );
}

describe("the user's engine", { timeout: 2 * 60_000 }, () => {
  it('is that of DOCKER_HOST, whatever the context', async () => {
    await configure('elsewhere', 'unix:///nowhere.sock', { currentContext: 'elsewhere' });
    process.env['DOCKER_CONTEXT'] = 'elsewhere';
    process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
    const opened = await openEngine(undefined, never);
    assert.equal(opened.context.chosenBy, 'DOCKER_HOST');
    await assertBuilds(opened);
  });

  it('is that of the context in DOCKER_CONTEXT, or of docker context use', async () => {
    await configure('mine', `unix://${engine.socket}`, {});
    process.env['DOCKER_CONTEXT'] = 'mine';
    assert.equal((await openEngine(undefined, never)).context.chosenBy, 'the context mine');
    Reflect.deleteProperty(process.env, 'DOCKER_CONTEXT');
    await configure('mine', `unix://${engine.socket}`, { currentContext: 'mine' });
    assert.equal((await openEngine(undefined, never)).context.chosenBy, 'the context mine');
  });

  it('cannot be that of a context that does not exist', async () => {
    await configure('mine', `unix://${engine.socket}`, {});
    process.env['DOCKER_CONTEXT'] = 'yours';
    await failure(openEngine(undefined, never), 'DockerContextInvalid', /"yours" cannot be read/);
    process.env['DOCKER_HOST'] = 'ssh://me:hunter2@host';
    const error = await failure(openEngine(undefined, never), 'DockerContextInvalid', /no address/);
    assert.ok(!error.message.includes('hunter2'));
  });
});

describe('an engine over ssh', { timeout: 2 * 60_000 }, () => {
  /** A program in place of ssh, which runs on this machine what it was to run on another. */
  async function standIn(script: string): Promise<string> {
    const programs = await mkdtemp(path.join(folder, 'bin-'));
    const file = path.join(programs, 'ssh');
    await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> ${programs}/calls\n${script}\n`);
    await chmod(file, 0o755);
    process.env['PATH'] = `${programs}${path.delimiter}${process.env['PATH'] ?? ''}`;
    return path.join(programs, 'calls');
  }

  it('is reached by the program ssh, whose configuration counts', async () => {
    const docker = requireProgram('docker');
    const calls = await standIn(`exec ${docker} -H unix://${engine.socket} system dial-stdio`);
    process.env['DOCKER_HOST'] = 'ssh://me@far.example:2222';
    const opened = await openEngine(undefined, never);
    await assertBuilds(opened);
    const [first = ''] = (await readFile(calls, 'utf8')).split('\n');
    assert.equal(first, '-l me -p 2222 -o ConnectTimeout=30 -T -- far.example docker system dial-stdio');
  });

  it('that ssh does not reach is an error that tells what ssh said', async () => {
    await standIn('echo "Host key verification failed." >&2; exit 255');
    process.env['DOCKER_HOST'] = 'ssh://far.example';
    await failure(openEngine(undefined, never), 'EngineUnreachable', /Host key verification failed/);
  });

  it('cannot smuggle an option of ssh', async () => {
    const calls = await standIn('exit 255');
    process.env['DOCKER_HOST'] = 'ssh://-oProxyCommand=touch%20x/';
    await openEngine(undefined, never).catch(() => undefined);
    const called = await readFile(calls, 'utf8').catch(() => '');
    assert.ok(called === '' || / -- -oProxyCommand/i.test(called), called);
  });
});

describe('an engine over TLS', { timeout: 2 * 60_000 }, () => {
  let server: Server;
  let port: number;
  let files: { readonly ca: string; readonly cert: string; readonly key: string };
  before(async () => {
    files = makeCertificates(folder);
    const [key, cert, ca] = await Promise.all([readFile(files.key), readFile(files.cert), readFile(files.ca)]);
    server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (incoming) => {
      const outgoing = connect(engine.socket);
      incoming.pipe(outgoing).pipe(incoming);
      incoming.on('error', () => outgoing.destroy());
      outgoing.on('error', () => incoming.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it('is shown the certificate of the context', async () => {
    const tls = { 'ca.pem': files.ca, 'cert.pem': files.cert, 'key.pem': files.key };
    await configure('safe', `tcp://127.0.0.1:${port}`, { currentContext: 'safe' }, tls);
    await assertBuilds(await openEngine(undefined, never));
  });

  it('is shown the certificate of DOCKER_CERT_PATH', async () => {
    const certificates = await mkdtemp(path.join(folder, 'certs-'));
    for (const name of ['ca', 'cert', 'key'] as const)
      await copyFile(files[name], path.join(certificates, `${name}.pem`));
    Object.assign(process.env, {
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certificates,
    });
    assert.match((await openEngine(undefined, never)).version, /^\d+/);
    await rm(path.join(certificates, 'ca.pem'));
    await failure(openEngine(undefined, never), 'DockerContextInvalid', /lacks a file of TLS/);
  });

  it('that has a certificate of nobody is not trusted', async () => {
    await configure(
      'other',
      `tcp://127.0.0.1:${port}`,
      { currentContext: 'other' },
      { 'cert.pem': files.cert, 'key.pem': files.key },
    );
    await failure(openEngine(undefined, never), 'EngineUnreachable', /certificate/);
  });
});

/** An authority and one certificate for both sides. */
function makeCertificates(folder: string): { readonly ca: string; readonly cert: string; readonly key: string } {
  const at = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync(requireProgram('openssl'), args, { stdio: 'ignore' });
  };
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl(...make, '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', at('ca.crt'));
  openssl(
    ...make,
    ...[
      '-subj',
      '/CN=engine',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-addext',
      'basicConstraints=critical,CA:FALSE',
    ],
    ...['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-keyout', at('both.key'), '-out', at('both.crt')],
  );
  return { ca: at('ca.crt'), cert: at('both.crt'), key: at('both.key') };
}
