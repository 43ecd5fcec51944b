import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { DeployEvent } from '../../src/core/deploy';
import { isAbort } from '../../src/core/errors';
import { pushedImages } from '../../src/pipeline/pushedImages';
import { buildCli, slipway } from '../support/cli';
import { startCuttable } from '../support/cuttable';
import { pass } from '../support/faultProxy';
import { eventually } from '../support/eventually';
import { failure } from '../support/failure';
import { closedPort } from '../support/ports';
import { processesNaming } from '../support/processes';
import { linesOf, login, openDockerBench, type DockerBench } from './dockerBench';

let bench: DockerBench;
before(async () => {
  bench = await openDockerBench();
});
after(async () => {
  await bench.close();
});
afterEach(() => {
  Reflect.deleteProperty(process.env, 'DOCKER_BUILDKIT');
  process.env['DOCKER_HOST'] = `unix://${bench.engine.socket}`;
});

const served = { 'slipway.yaml': 'port: 8000\nhealth: /health.txt\n', 'health.txt': 'ok', 'note.ipynb': notebook() };

function notebook(): string {
  return JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 });
}

function dockerfile(...lines: readonly string[]): string {
  return [`FROM ${bench.base}`, ...lines, ''].join('\n');
}

/** Both builders of the engine. */
const builders = { BuildKit: '1', 'the classic builder': '0' };

describe("a project's own Dockerfile", { timeout: 10 * 60_000 }, () => {
  for (const [builder, value] of Object.entries(builders)) {
    it(`is built by ${builder} and pushed by digest; its lines are told while it builds`, async () => {
      process.env['DOCKER_BUILDKIT'] = value;
      const folder = await bench.workspace.writeProject(`own-${value}`, {
        ...served,
        Dockerfile: dockerfile(
          'RUN echo one-$((40 + 2)) && \\',
          '    echo two',
          'COPY . /srv',
          'CMD ["python3", "-m", "http.server", "8000", "--directory", "/srv"]',
        ),
      });
      const built = await bench.build(folder, 'models/own');
      assert.match(built.image, new RegExp(`^${bench.registry}/models/own@sha256:[0-9a-f]{64}$`));
      assert.deepEqual([built.uploadedBytes, built.requests], [null, null]);
      const remembered = await pushedImages(bench.workspace.services.home);
      assert.ok(remembered.some((one) => built.image.endsWith(one.digest) && one.project === folder));
      const log = built.log.map((line) => line.trim());
      assert.ok(log.includes('one-42') && log.includes('two'), built.log.join('\n'));
      await bench.engine.docker('image', 'rm', '--force', built.image).catch(() => '');
      const answer = await bench.engine.docker('run', '--rm', built.image, 'cat', '/srv/health.txt');
      assert.equal(answer, 'ok');
      const labels = await bench.engine.docker('inspect', '--format', '{{json .Config.Labels}}', built.image);
      const { 'dev.slipway.port': port, 'dev.slipway.health': health } = JSON.parse(labels) as Record<string, string>;
      assert.deepEqual([port, health], ['8000', '/health.txt']);
    });

    it(`that fails in ${builder} names the step, its instruction, its line and what it printed`, async () => {
      process.env['DOCKER_BUILDKIT'] = value;
      const folder = await bench.workspace.writeProject(`fails-${value}`, {
        ...served,
        Dockerfile: dockerfile('# why', 'RUN echo fine', 'RUN echo last words && \\', '    exit 7', 'RUN echo never'),
      });
      const error = await failure(bench.build(folder, 'models/fails'), 'BuildFailed', /RUN echo last words && +exit 7/);
      assert.match(error.message, /ended with 7/);
      assert.match(error.message, /at step \d of \d/);
      assert.deepEqual(error.location, { file: path.join(folder, 'Dockerfile'), line: 4 });
      assert.ok((error.details['traceback'] as readonly string[]).includes('last words'));
    });

    it(`that is cancelled in ${builder} runs no longer on the engine`, async () => {
      process.env['DOCKER_BUILDKIT'] = value;
      const seconds = `100${value}.25`;
      const folder = await bench.workspace.writeProject(`cancelled-${value}`, {
        ...served,
        Dockerfile: dockerfile(`RUN sleep ${seconds}`),
      });
      const controller = new AbortController();
      const building = bench
        .build(folder, 'models/cancelled', { signal: controller.signal })
        .catch((error: unknown) => error);
      const runs = (): boolean => processesNaming(`sleep ${seconds}`).length > 0;
      await eventually('the step runs', 60, runs);
      controller.abort();
      const outcome = await building;
      assert.ok(isAbort(outcome), String(outcome));
      await eventually('the step was ended', 20, () => !runs());
    });

    it(`whose connection is cut in ${builder} is an error that says so`, async () => {
      process.env['DOCKER_BUILDKIT'] = value;
      const folder = await bench.workspace.writeProject(`cut-${value}`, {
        ...served,
        Dockerfile: dockerfile(`RUN echo begin-${value} && sleep 5`),
      });
      const at = path.join(bench.workspace.root, `cut-${value}.sock`);
      const cuttable = await startCuttable(at, bench.engine.socket);
      process.env['DOCKER_HOST'] = `unix://${at}`;
      const onEvent = (event: DeployEvent): void => {
        if (linesOf([event]).some((line) => line.trim() === `begin-${value}`)) cuttable.cut();
      };
      try {
        await failure(
          bench.build(folder, 'models/cut', { onEvent }),
          'EngineConnectionLost',
          /was lost while it built/,
        );
      } finally {
        await cuttable.stop();
      }
    });

    it(`starts from an image of a registry that ${builder} logs in to, and is pushed there`, async () => {
      process.env['DOCKER_BUILDKIT'] = value;
      const folder = await bench.workspace.writeProject(`locked-${value}`, {
        ...served,
        Dockerfile: `FROM ${bench.locked}/base/python:3.11\nRUN echo ${value}\n`,
      });
      const to = { kind: 'registry', reference: { registry: bench.locked, repository: 'models/locked' } } as const;
      const wrong = Buffer.from('me:hunter2').toString('base64');
      await bench.configure({ auths: { [bench.locked]: { auth: wrong } } });
      const error = await failure(bench.build(folder, to), 'BuildFailed', /base\/python/);
      assert.ok(!JSON.stringify([error.message, error.details]).includes('hunter2'));
      await bench.configure({ auths: { [bench.locked]: { auth: login } } });
      try {
        const { image } = await bench.build(folder, to);
        assert.match(image, /\/models\/locked@sha256:/);
      } finally {
        await bench.configure();
        await bench.engine.docker('image', 'rm', '--force', `${bench.locked}/base/python:3.11`).catch(() => '');
      }
    });
  }

  it('is pushed with the credentials of docker login, or the error says that they are wrong', async () => {
    const folder = await bench.workspace.writeProject('push', { ...served, Dockerfile: dockerfile('RUN echo push') });
    const to = { kind: 'registry', reference: { registry: bench.locked, repository: 'models/push' } } as const;
    await failure(bench.build(folder, to), 'RegistryUnauthorized', /does not accept the credentials/);
    const local = await bench.engine.docker('images', '--quiet', `${bench.locked}/models/push`);
    assert.equal(local, '', 'a failed push left its tag on the engine');
  });

  it('that is cancelled while the engine pushes is pushed no longer, and has no tag', async () => {
    const folder = await bench.workspace.writeProject('push-cancelled', {
      ...served,
      Dockerfile: dockerfile('RUN head -c 3000000 /dev/urandom > /noise'),
    });
    const to = { kind: 'registry', reference: { registry: bench.locked, repository: 'models/unpushed' } } as const;
    await bench.configure({ auths: { [bench.locked]: { auth: login } } });
    const controller = new AbortController();
    let uploads = 0;
    const tags: string[] = [];
    bench.onLocked(({ method, path: asked }) => {
      if (method === 'PUT' && asked.includes('/manifests/')) tags.push(asked);
      if (method !== 'PATCH') return pass;
      uploads += 1;
      return { kind: 'trickle', bytesPerSecond: 100_000 };
    });
    try {
      const building = bench.build(folder, to, { signal: controller.signal }).catch((error: unknown) => error);
      await eventually('the engine uploads', 120, () => uploads > 0);
      const cancelled = performance.now();
      controller.abort();
      assert.ok(isAbort(await building));
      assert.ok(performance.now() - cancelled < 5000, 'it waited for the push');
      assert.deepEqual(tags, []);
    } finally {
      bench.onLocked(() => pass);
      await bench.configure();
    }
  });

  it('gets neither secrets nor what .dockerignore names', async () => {
    const folder = await bench.workspace.writeProject('guarded', {
      ...served,
      Dockerfile: dockerfile('COPY . /srv'),
      '.env': 'TOKEN=planted',
      'keys/id_rsa': 'planted',
      '.git/config': 'planted',
      'raw/a.csv': '1',
      'raw/keep.csv': '2',
      'notes.md': 'n',
      '.dockerignore': '*.md\nraw/*\n!raw/keep.csv\n',
    });
    const { image } = await bench.build(folder, 'models/guarded');
    const list = await bench.engine.docker('run', '--rm', image, 'find', '/srv', '-type', 'f');
    const names = list.trim().split('\n').sort();
    const expected = ['Dockerfile', 'health.txt', 'note.ipynb', 'raw/keep.csv', 'slipway.yaml'];
    assert.deepEqual(
      names,
      expected.map((name) => `/srv/${name}`),
    );
  });

  it('that copies a secret is told why the file is not there', async () => {
    const folder = await bench.workspace.writeProject('secret', {
      ...served,
      Dockerfile: dockerfile('COPY .env /srv/'),
      '.env': 'TOKEN=planted',
    });
    const error = await failure(bench.build(folder, 'models/secret'), 'BuildFailed', /COPY \.env/);
    assert.match(error.remedy?.label ?? '', /\.env is not sent to the engine/);
  });

  it('build PATH --registry HOST/REPOSITORY --push --json, with the bundled program', async () => {
    await buildCli();
    const folder = await bench.workspace.writeProject('bundled', { ...served, Dockerfile: dockerfile('RUN echo cli') });
    const options = ['--registry', `${bench.registry}/models/cli`, '--push', '--json', '--home', bench.workspace.home];
    const result = await slipway(['build', folder, ...options]);
    assert.equal(result.exitCode, 0, result.stdout + result.stderr);
    const last = result.json.at(-1) ?? {};
    assert.deepEqual(Object.keys(last), ['event', 'image', 'uploadedBytes', 'requests', 'ms']);
    assert.match(String(last['image']), /\/models\/cli@sha256:[0-9a-f]{64}$/);
    assert.deepEqual([last['uploadedBytes'], last['requests']], [null, null]);
    assert.ok(result.json.some((line) => line['event'] === 'output' && String(line['text']).trim() === 'cli'));
  });

  it('is written for docker load', async () => {
    const folder = await bench.workspace.writeProject('saved', { ...served, Dockerfile: dockerfile('RUN echo saved') });
    const file = path.join(bench.workspace.root, 'saved.tar');
    const { image } = await bench.build(folder, `docker:${file}`);
    assert.equal(image, `docker:${file}`);
    assert.match(await bench.engine.docker('load', '--input', file), /Loaded image: saved:slipway/);
    await failure(bench.build(folder, `oci:${file}.oci`), 'OutputInvalid', /does not write OCI layouts/);
    assert.deepEqual(
      (await readdir(bench.workspace.root)).filter((name) => name.includes('.tmp')),
      [],
    );
  });

  it('needs port and health in slipway.yaml', async () => {
    const folder = await bench.workspace.writeProject('incomplete', {
      ...served,
      Dockerfile: dockerfile(),
      'slipway.yaml': 'port: 8000\n',
    });
    await failure(bench.build(folder, 'models/incomplete'), 'DockerfileIncomplete', /does not name its health/);
  });

  it('is refused when it is a link that leaves the project', async () => {
    const folder = await bench.workspace.writeProject('linked', served);
    await symlink('/etc/hostname', path.join(folder, 'Dockerfile'));
    await failure(bench.build(folder, 'models/linked'), 'DockerfileRefused', /link that leaves the project/);
  });
});

describe('an engine that does not answer', { timeout: 60_000 }, () => {
  const project = (): Promise<string> =>
    bench.workspace.writeProject('unbuilt', { ...served, Dockerfile: dockerfile('RUN true') });

  it('is not running: no socket', async () => {
    process.env['DOCKER_HOST'] = 'unix:///nowhere/docker.sock';
    await failure(bench.build(await project(), 'models/none'), 'EngineNotRunning', /unix:\/\/\/nowhere\/docker\.sock/);
  });

  it('is not running: nobody listens', async () => {
    process.env['DOCKER_HOST'] = `tcp://127.0.0.1:${await closedPort()}`;
    await failure(bench.build(await project(), 'models/none'), 'EngineNotRunning', /DOCKER_HOST/);
  });

  it('is not for this user', async () => {
    const folder = path.join(bench.workspace.root, 'closed');
    await mkdir(folder, { mode: 0o700 });
    const code = `
      const { openEngine } = await import('./src/clients/docker/index.ts');
      const error = await openEngine(undefined, new AbortController().signal).catch((cause) => cause);
      console.log(error.code, error.remedy.label);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', code],
      {
        uid: 65_534,
        gid: 65_534,
        env: {
          ...process.env,
          HOME: tmpdir(),
          TSX_DISABLE_CACHE: '1',
          DOCKER_CONFIG: '',
          DOCKER_HOST: `unix://${folder}/docker.sock`,
        },
      },
    );
    assert.match(stdout, /^EngineForbidden .*group docker/);
  });
});
