import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Project } from '../../../src/core/project';
import { baseImages, lineOfInstruction, planDockerContext } from '../../../src/project/dockerContext';
import { systemPackages } from '../../../src/project/systemPackages';
import { failure } from '../../support/failure';

const never = new AbortController().signal;

let root: string;
before(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'slw-context-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

async function project(
  name: string,
  files: Readonly<Record<string, string | Buffer>>,
  config: Project['config'] = { port: 1, health: '/' },
): Promise<Project> {
  const folder = path.join(root, name);
  for (const [file, content] of Object.entries({ Dockerfile: 'FROM scratch\n', ...files })) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  return {
    name,
    root: folder,
    entry: { kind: 'dockerfile', path: 'Dockerfile' },
    notebooks: [],
    python: { source: '' },
    dependencies: { source: { kind: 'inferred' }, requirements: [], ignored: [] },
    dataFiles: [],
    localModules: [],
    sysPath: [],
    config,
  };
}

async function filesOf(one: Project): Promise<readonly string[]> {
  return (await planDockerContext(one, 'Dockerfile', never)).files.map((file) => file.path);
}

describe("the context of a user's Dockerfile", () => {
  it('holds what .dockerignore leaves in, by the rules of Docker', async () => {
    const one = await project('ignored', {
      '.dockerignore': '\ufeff# not this\n/docs\n**/*.tmp\ndata\n!data/keep.csv\n*.lo?\n\\!odd\nDockerfile\n',
      'docs/a.md': '',
      'src/docs/b.md': '',
      'src/x.tmp': '',
      'data/a.csv': '',
      'data/keep.csv': '',
      'x.log': '',
      'src/y.log': '',
    });
    assert.deepEqual(await filesOf(one), ['Dockerfile', 'data/keep.csv', 'src/docs/b.md', 'src/y.log']);
  });

  it('goes by the rules beside the Dockerfile first', async () => {
    const one = await project('beside', {
      'Dockerfile.dockerignore': 'a.txt',
      '.dockerignore': 'b.txt',
      'a.txt': '',
      'b.txt': '',
    });
    assert.deepEqual(await filesOf(one), ['Dockerfile', 'Dockerfile.dockerignore', 'b.txt']);
  });

  it('holds no secrets, whatever .dockerignore allows, but large data that only the Dockerfile names', async () => {
    const one = await project('secrets', {
      '.dockerignore': '*\n!.env\n!id_rsa\n!big.bin\n',
      '.env': '',
      id_rsa: '',
      'big.bin': Buffer.alloc(11 * 1024 * 1024),
    });
    assert.deepEqual(await filesOf(one), ['Dockerfile', 'big.bin']);
  });

  it('needs port and health', async () => {
    const one = await project('incomplete', {}, { port: 80 });
    await failure(planDockerContext(one, 'Dockerfile', never), 'DockerfileIncomplete', /its health/);
    await failure(
      planDockerContext({ ...one, config: {} }, 'Dockerfile', never),
      'DockerfileIncomplete',
      /its port and its health/,
    );
  });

  it('is not made for a Dockerfile that stays behind', async () => {
    const one = await project('refused', {}, { port: 80, health: '/', exclude: ['Dockerfile'] });
    await failure(planDockerContext(one, 'Dockerfile', never), 'DockerfileRefused', /excluded in slipway.yaml/);
  });
});

describe('a Dockerfile', () => {
  const text =
    'ARG V=1\nFROM --platform=linux/amd64 a/b:1 AS base\n# RUN x\nRUN one \\\n  # within\n  && two\nfrom base\nFROM c$V\nFROM scratch\n';

  it('names the images that it starts from', () => {
    assert.deepEqual(baseImages(text), ['a/b:1']);
  });

  it('is searched for an instruction', () => {
    assert.equal(lineOfInstruction(text, 'RUN one   && two'), 4);
    assert.equal(lineOfInstruction(text, 'RUN x'), undefined);
  });
});

describe('system packages', () => {
  it('come from slipway.yaml and apt.txt', async () => {
    const one = await project(
      'apt',
      { 'apt.txt': '# for plots\nlibgl1 libgomp1\n\nffmpeg=7:5.1.6-0+deb12u1 # video\n' },
      { apt: ['libgl1', 'git'] },
    );
    assert.deepEqual(await systemPackages(one), ['ffmpeg=7:5.1.6-0+deb12u1', 'git', 'libgl1', 'libgomp1']);
    assert.deepEqual(await systemPackages(await project('noApt', {}, {})), []);
  });

  for (const name of ['$(id)', '-y', '--reinstall', 'a;b', 'a`b`', 'UPPER', '../a.deb', '/a', 'a=b c$', "a'"]) {
    it(`are not ${JSON.stringify(name)}`, async () => {
      const one = await project('hostile', { 'apt.txt': `git\n${name}\n` }, {});
      const error = await failure(systemPackages(one), 'AptFileInvalid', /apt\.txt, line 2/);
      assert.equal(error.location?.line, 2);
    });
  }
});
