import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertPredictions } from '../support/predictions';
import { buildCli, errorOf, slipway, type CliOptions, type CliResult, type JsonObject } from '../support/cli';
import { editCell, notebookOf } from '../support/notebooks';
import { exampleCell, plainProject, predictDouble } from '../support/plainProject';
import { processesNaming } from '../support/processes';
import { openWorkspace, repository, type Workspace } from '../support/workspace';

let workspace: Workspace;
let home: string;
before(async () => {
  await buildCli();
  workspace = await openWorkspace({ target: 'local' });
  home = workspace.home;
});
after(async () => {
  assert.deepEqual(await workspace.close(), [], 'processes outlived the removal of all models');
});

/** One verb with `--home` and `--json`; what it prints must be one object a line. */
async function verb(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return slipway([...args, '--home', home, '--json'], options);
}

function assertDone(result: CliResult): readonly JsonObject[] {
  assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  assert.equal(result.stderr, '');
  return result.json;
}

const modelOf = (line: JsonObject | undefined): JsonObject => line?.['model'] as JsonObject;

it('ends where its home cannot be made', { skip: process.platform !== 'linux' }, async () => {
  const { exitCode } = await slipway(['--version', '--home', '/proc/nowhere'], { timeoutMs: 20_000 });
  assert.equal(exitCode, 0);
});

it('tells its version', async () => {
  const { version } = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as { version: string };
  const { exitCode, stdout } = await slipway(['--version']);
  assert.deepEqual([exitCode, stdout.trim()], [0, version]);
});

describe('the life of a model on the command line', () => {
  let folder: string;
  let endpoint: unknown;
  before(async () => {
    folder = await workspace.copyProject(path.join(repository, 'examples', 'iris'));
  });

  it('inspect PATH tells what the project is, and runs nothing', async () => {
    const [line, ...more] = assertDone(await verb(['inspect', folder]));
    assert.deepEqual(more, []);
    const project = line?.['project'] as JsonObject;
    assert.deepEqual(
      [project['name'], project['root'], project['entry']],
      ['iris', folder, { kind: 'notebook', notebook: 'iris.ipynb', predict: 'predict' }],
    );
    assert.ok(Array.isArray(line?.['findings']));
  });

  it('deploy PATH --target local --name NAME --home DIR --yes --json', async () => {
    const lines = assertDone(
      await slipway(['deploy', folder, '--target', 'local', '--name', 'flowers', '--home', home, '--yes', '--json']),
    );
    const last = lines.at(-1);
    assert.equal(last?.['event'], 'deployed');
    const model = modelOf(last);
    assert.deepEqual(
      [model['name'], model['version'], model['target'], model['phase']],
      ['flowers', 1, 'local', 'Ready'],
    );
    endpoint = model['endpoint'];
    assert.match(String(endpoint), /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(
      (await fetch(`${String(endpoint)}/v2/health/ready`, { headers: { connection: 'close' } })).status,
      200,
    );
    const done = lines
      .filter((line) => line['event'] === 'step' && line['state'] === 'done')
      .map((line) => line['step']);
    assert.deepEqual(done, ['inspect', 'lock', 'environment', 'train', 'package', 'deploy']);
    assert.deepEqual(lines.filter((line) => line['event'] === 'cell' && line['state'] === 'done').length, 6);
  });

  it('predict NAME --input FILE --home DIR --json', async () => {
    const [line, ...more] = assertDone(
      await slipway(['predict', 'flowers', '--input', path.join(folder, 'example.json'), '--home', home, '--json']),
    );
    assert.deepEqual(more, []);
    assert.deepEqual(Object.keys(line ?? {}).sort(), ['ms', 'predictions']);
    assertPredictions(line?.['predictions'], ['setosa', 'versicolor', 'virginica']);
    assert.equal(typeof line?.['ms'], 'number');
  });

  it('models lists it with its state', async () => {
    const lines = assertDone(await verb(['models']));
    assert.deepEqual(
      lines.map((line) => [line['event'], modelOf(line)['name'], modelOf(line)['phase'], modelOf(line)['endpoint']]),
      [['model', 'flowers', 'Ready', endpoint]],
    );
  });

  it('deploy of the unchanged project says so', async () => {
    const lines = assertDone(await verb(['deploy', folder, '--name', 'flowers']));
    assert.deepEqual([lines.at(-1)?.['unchanged'], modelOf(lines.at(-1))['version']], [true, 1]);
  });

  it('scale, rollback, stop and start print the changed model', async () => {
    await editCell(path.join(folder, 'iris.ipynb'), 'predict', 'str(species[index])', 'str(species[index]).title()');
    assertDone(await verb(['deploy', folder, '--name', 'flowers']));
    const changes: readonly (readonly [readonly string[], readonly unknown[]])[] = [
      [
        ['scale', 'flowers', '2'],
        ['Ready', 2, 2],
      ],
      [
        ['rollback', 'flowers'],
        ['Ready', 1, 2],
      ],
      [
        ['rollback', 'flowers', '--to', '2'],
        ['Ready', 2, 2],
      ],
      [
        ['stop', 'flowers'],
        ['Stopped', 2, 0],
      ],
      [
        ['start', 'flowers'],
        ['Ready', 2, 2],
      ],
    ];
    for (const [args, expected] of changes) {
      const [line] = assertDone(await verb(args));
      assert.deepEqual([line?.['event'], line?.['name'], line?.['target']], ['changed', 'flowers', 'local']);
      const model = modelOf(line);
      assert.deepEqual(
        [model['phase'], model['version'], (model['replicas'] as JsonObject)['ready']],
        expected,
        args.join(' '),
      );
    }
    const answer = assertDone(await verb(['predict', 'flowers', '--input', path.join(folder, 'example.json')]));
    assert.deepEqual(answer[0]?.['predictions'], ['Setosa', 'Versicolor', 'Virginica']);
  });

  it('logs NAME prints lines with their sequence numbers, --follow the ones to come', async () => {
    const lines = assertDone(await verb(['logs', 'flowers']));
    assert.deepEqual(
      lines.map((line) => line['seq']),
      lines.map((_, index) => index + 1),
    );
    for (const line of lines)
      assert.deepEqual(Object.keys(line).sort(), ['event', 'generation', 'seq', 'source', 'stream', 'text', 'time']);
    const followed = await verb(['logs', 'flowers', '--follow', '--tail', '1'], {
      onLine: (_, interrupt) => {
        interrupt();
      },
    });
    assert.equal(followed.exitCode, 130);
    // The model may have written a line meanwhile: its access log comes a moment after the request.
    const first = Number(followed.json[0]?.['seq']);
    assert.ok(first >= lines.length);
    assert.deepEqual(followed.json[0], assertDone(await verb(['logs', 'flowers']))[first - 1]);
  });

  it('remove NAME --home DIR --json', async () => {
    assert.deepEqual(assertDone(await slipway(['remove', 'flowers', '--home', home, '--json'])), [
      { event: 'removed', name: 'flowers', target: 'local' },
    ]);
    assert.deepEqual(assertDone(await verb(['models'])), []);
    assert.deepEqual(
      processesNaming('--model flowers').filter((one) => one.commandLine.includes(home)),
      [],
    );
  });
});

describe('exit codes', () => {
  it('2 for a command line that makes no sense', async () => {
    const wrong = [
      ['deploy'],
      ['predict', 'x'],
      ['scale', 'x', '0'],
      ['scale', 'x', 'two'],
      ['frobnicate'],
      ['models', '--no-such-option'],
      ['deploy', '.', '--port', 'x'],
    ];
    for (const args of wrong) {
      const result = await slipway([...args, '--home', home]);
      assert.equal(result.exitCode, 2, args.join(' '));
      assert.notEqual(result.stderr, '');
    }
  });

  it('0 for help', async () => {
    const help = await slipway(['--help']);
    assert.equal(help.exitCode, 0);
    for (const name of [
      'inspect',
      'deploy',
      'models',
      'logs',
      'predict',
      'scale',
      'rollback',
      'stop',
      'start',
      'remove',
    ])
      assert.match(help.stdout, new RegExp(`^ +${name} `, 'm'));
  });

  it('1 for a failure that was foreseen, in words for people and as one object for programs', async () => {
    for (const name of ['logs', 'stop', 'start', 'remove', 'rollback']) {
      const result = await verb([name, 'nobody']);
      assert.deepEqual([result.exitCode, errorOf(result).code], [1, 'ModelNotFound'], name);
    }
    const human = await slipway(['remove', 'nobody', '--home', home]);
    assert.deepEqual([human.exitCode, human.stdout], [1, '']);
    assert.match(human.stderr, /^Error ModelNotFound: There is no model named nobody on this machine\./);
    const target = await verb(['models', '--target', 'moon']);
    assert.deepEqual([target.exitCode, errorOf(target).code], [1, 'TargetUnknown']);
  });

  it('130 for a deploy that is interrupted, of which nothing is left', async () => {
    const files = {
      'requirements.txt': '',
      'nb.ipynb': notebookOf(
        'import time\nprint("under way", flush=True)\ntime.sleep(600)',
        predictDouble,
        exampleCell,
      ),
    };
    const folder = await workspace.writeProject('interrupted', files);
    const result = await verb(['deploy', folder, '--yes'], {
      onLine: (line, interrupt) => {
        if (line.includes('under way') && line.includes('"output"')) interrupt();
      },
    });
    assert.equal(result.exitCode, 130, result.stdout + result.stderr);
    assert.deepEqual(result.json.at(-1), { event: 'cancelled' });
    assert.deepEqual(
      processesNaming('kernel_main').filter((one) => one.commandLine.includes(home)),
      [],
    );
  });
});

describe('what people see', () => {
  it('is the plan, the progress, the endpoint and the answer, without terminal codes in a pipe', async () => {
    const folder = await workspace.writeProject('for-people', plainProject(['print("hello from the notebook")']));
    const deployed = await slipway(['deploy', folder, '--home', home, '--yes']);
    assert.equal(deployed.exitCode, 0, deployed.stderr);
    assert.match(deployed.stdout, /nb\.ipynb:predict/);
    assert.match(deployed.stdout, /hello from the notebook/);
    assert.match(deployed.stdout, /for-people version 1 is Ready at http:\/\/127\.0\.0\.1:\d+$/m);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(deployed.stdout + deployed.stderr, /\u001b/);
    await mkdir(path.join(folder, 'in'), { recursive: true });
    await writeFile(path.join(folder, 'in', 'body.json'), '{"inputs": [21]}');
    const predicted = await slipway([
      'predict',
      'for-people',
      '--input',
      path.join(folder, 'in', 'body.json'),
      '--home',
      home,
    ]);
    assert.deepEqual([predicted.exitCode, predicted.stdout], [0, '[42]\n']);
    const missing = await slipway([
      'predict',
      'for-people',
      '--input',
      path.join(folder, 'absent.json'),
      '--home',
      home,
    ]);
    assert.match(missing.stderr, /InputUnreadable/);
    assert.ok(
      (await readFile(path.join(folder, 'nb.ipynb'), 'utf8')).includes('"outputs": []'),
      'the notebook of the user is not written to',
    );
  });
});
