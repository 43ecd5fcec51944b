import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unifiedDiff } from '../../../src/core/unifiedDiff';

const names = ['now', 'after'] as const;

function numbers(change: (line: number) => string | undefined): string {
  const lines = Array.from({ length: 40 }, (_, index) => change(index)).filter((line) => line !== undefined);
  return lines.map((line) => `${line}\n`).join('');
}

describe('a unified diff', () => {
  it('shows what changed with three lines around it', () => {
    const before = numbers((line) => `line ${line}`);
    const after = numbers((line) => (line === 5 ? 'other' : line === 30 ? undefined : `line ${line}`));
    assert.equal(
      unifiedDiff(before, after, names),
      [
        '--- now',
        '+++ after',
        '@@ -3,7 +3,7 @@',
        ...[' line 2', ' line 3', ' line 4', '-line 5', '+other', ' line 6', ' line 7', ' line 8'],
        '@@ -28,7 +28,6 @@',
        ...[' line 27', ' line 28', ' line 29', '-line 30', ' line 31', ' line 32', ' line 33', ''],
      ].join('\n'),
    );
  });

  it('is empty where nothing changed, and whole where all is new', () => {
    assert.equal(unifiedDiff('a\n', 'a\n', names), '');
    assert.equal(unifiedDiff('', 'a\nb\n', names), '--- now\n+++ after\n@@ -0,0 +1,2 @@\n+a\n+b\n');
    assert.equal(unifiedDiff('a\n', '', names), '--- now\n+++ after\n@@ -1,1 +0,0 @@\n-a\n');
  });

  it('makes the one text of the other when it is applied', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 50; round++) {
      const before = numbers(() => `word ${random(6)}`);
      const after = numbers((line) => (random(4) === 0 ? undefined : `word ${(line + random(2)) % 6}`));
      assert.equal(patched(before, unifiedDiff(before, after, names)), after);
    }
  });
});

/** The lines of a diff in the place of those that it names. */
function patched(before: string, diff: string): string {
  const lines = before.split('\n');
  let moved = 0;
  for (const hunk of diff.split(/^(?=@@ )/m).slice(1)) {
    const [, start, count] = /^@@ -(\d+),(\d+) /.exec(hunk) ?? [];
    const body = hunk.split('\n').slice(1, -1);
    const kept = (sign: string): readonly string[] =>
      body.filter((line) => line.startsWith(' ') || line.startsWith(sign)).map((line) => line.slice(1));
    const at = Number(start) - (count === '0' ? 0 : 1) + moved;
    const removed = lines.splice(at, Number(count), ...kept('+'));
    assert.deepEqual(removed, kept('-'));
    moved += kept('+').length - removed.length;
  }
  return lines.join('\n');
}
