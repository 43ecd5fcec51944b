import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { inertText } from '../../../src/core/inertText';
import { entryText, savedText } from '../../../src/editor/logs/logText';
import { findTracebackLinks, locateFrame } from '../../../src/editor/logs/tracebackLinks';
import { line } from './faultySource';

describe('inertText', () => {
  it('drops colours and writes everything else that steers as text', () => {
    assert.equal(inertText('\u001b[31mred\u001b[0m \u001b]0;title\u0007x\ty'), 'red x\ty');
    assert.equal(
      inertText('a\rb\u0007\u001b \u0085\u2028\u202egpj.exe\u2069'),
      'a\\x0db\\x07\\x1b \\x85\\u2028\\u202egpj.exe\\u2069',
    );
    assert.equal(inertText('Grüße 日本 🚢'), 'Grüße 日本 🚢');
  });

  it('cuts a very long line with a note, never inside a character', () => {
    assert.equal(inertText('x'.repeat(4000)), 'x'.repeat(4000));
    assert.equal(inertText('x'.repeat(16_384)), `${'x'.repeat(4000)} … (12384 more characters)`);
    assert.equal(inertText(`${'x'.repeat(3999)}🚢🚢`), `${'x'.repeat(3999)} … (4 more characters)`);
  });
});

describe('entryText', () => {
  const at = '2026-01-01T00:00:00.000Z';
  it('marks replica, stream and what the supervisor says', () => {
    assert.equal(entryText({ kind: 'line', line: line(1, 'hello') }), `${at} [3/0] hello`);
    assert.equal(entryText({ kind: 'line', line: { ...line(1, 'oh'), stream: 'stderr' } }), `${at} [3/0] stderr: oh`);
    assert.equal(
      entryText({ kind: 'line', line: { ...line(1, 'Release 4 has taken over.', 'supervisor'), stream: 'system' } }),
      `${at} ──── Release 4 has taken over. ────`,
    );
    assert.equal(entryText({ kind: 'gap', after: 3, lost: 1 }), '──── 1 line was lost ────');
  });

  it('saves lines as they were', () => {
    assert.equal(
      savedText({ kind: 'line', line: line(1, `\u001b[1m${'x'.repeat(5000)}`) }),
      `${at} [3/0] \u001b[1m${'x'.repeat(5000)}`,
    );
  });
});

describe('findTracebackLinks', () => {
  it('finds cells and files with what is shown as the link', () => {
    const text =
      '2026 [3/0] stderr:   File "iris.ipynb#a1b2-c_3", line 3, in predict\n  File "/home/b/bundles/ab/project/lib/x.py", line 12';
    const links = findTracebackLinks(text);
    assert.deepEqual(
      links.map(({ file, cell, line: number }) => ({ file, cell, number })),
      [
        { file: 'iris.ipynb', cell: 'a1b2-c_3', number: 3 },
        { file: '/home/b/bundles/ab/project/lib/x.py', cell: undefined, number: 12 },
      ],
    );
    assert.equal(text.slice(links[0]?.start, links[0]?.end), 'iris.ipynb#a1b2-c_3", line 3');
  });

  it('finds nothing in what only looks like a frame', () => {
    const hostile = [
      'File "x.py", line 0',
      'File "", line 3',
      'File "x\n.py", line 3',
      `File "${'x'.repeat(2000)}", line 3`,
      'File "x.py", line 99999999999',
      'File x.py, line 3',
      'File "x.py" , line 3',
    ];
    for (const one of hostile) assert.deepEqual(findTracebackLinks(one), [], one);
    const [odd] = findTracebackLinks('File "a.ipynb#x/../../etc", line 1');
    assert.equal(odd?.cell, undefined);
  });

  it('stays quick and bounded on megabytes of openings', () => {
    assert.deepEqual(findTracebackLinks('File "'.repeat(700_000)), []);
    const many = findTracebackLinks(
      Array.from({ length: 9000 }, (_, index) => `File "x.py", line ${String(index + 1)}`).join('\n'),
    );
    assert.equal(many.length, 2000);
    assert.equal(many.at(-1)?.line, 9000);
  });
});

describe('locateFrame', () => {
  const root = path.resolve('/work/iris');
  const bundle = path.resolve('/home/bundles/ab12');
  const origins = [{ version: 3, project: root, notebook: 'notebooks/iris.ipynb', bundle }];
  const locate = (text: string): unknown =>
    locateFrame(findTracebackLinks(`File "${text}", line 4`)[0] ?? assert.fail(), origins);

  it('goes to the cell, and from the bundle back to the project', () => {
    assert.deepEqual(locate('iris.ipynb#c1'), {
      file: path.join(root, 'notebooks', 'iris.ipynb'),
      cell: 'c1',
      line: 4,
    });
    assert.deepEqual(locate(path.join(bundle, 'project', 'lib', 'x.py')), {
      file: path.join(root, 'lib', 'x.py'),
      line: 4,
    });
    assert.deepEqual(locate(path.join(root, 'x.py')), { file: path.join(root, 'x.py'), line: 4 });
  });

  it('leaves everything else alone', () => {
    assert.equal(locate('other.ipynb#c1'), undefined);
    assert.equal(locate('/usr/lib/python3.11/json/decoder.py'), undefined);
    assert.equal(locate(path.join(bundle, 'project', '..', '..', 'secret')), undefined);
    assert.equal(locate('<string>'), undefined);
  });
});
