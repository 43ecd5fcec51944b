import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitLines, type PodLogLine } from '../../../src/clients/kubernetes/logLines';

async function split(...chunks: readonly (string | Buffer)[]): Promise<readonly PodLogLine[]> {
  const stream = (async function* () {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
  })();
  const lines: PodLogLine[] = [];
  for await (const some of splitLines(stream)) lines.push(...some);
  return lines;
}

const time = '2026-01-01T00:00:00.000000001Z';

describe('the lines of a stream of bytes', () => {
  it('are the same however the bytes come', async () => {
    const bytes = Buffer.from(`${time} Grüße 日本\r\n${time} \n${time} two words\n`);
    const expected = ['Grüße 日本', '', 'two words'].map((text) => ({ time, text, isWhole: true }));
    assert.deepEqual(await split(bytes), expected);
    assert.deepEqual(await split(...[...bytes].map((byte) => Buffer.of(byte))), expected);
  });

  it('are cut where they are too long, with a note, and only there', async () => {
    const long = await split(`${time} `, ...Array.from({ length: 100 }, () => 'x'.repeat(10_000)), `\n${time} next\n`);
    assert.deepEqual(
      long.map(({ text }) => text),
      [`${'x'.repeat(65_536)} … (cut, 1000000 bytes)`, 'next'],
    );
    const [fits, half] = await split(`${time} ${'x'.repeat(65_536)}\n${time} ${'x'.repeat(65_535)}🚢\n`);
    assert.equal(fits?.text, 'x'.repeat(65_536));
    assert.equal(half?.text, `${'x'.repeat(65_535)} … (cut, 65539 bytes)`);
  });

  it('say when a log ends within one, and replace what is no text', async () => {
    assert.deepEqual(await split(`${time} whole\n${time} ha`), [
      { time, text: 'whole', isWhole: true },
      { time, text: 'ha', isWhole: false },
    ]);
    assert.deepEqual(
      (await split(Buffer.concat([Buffer.from(`${time} `), Buffer.of(0xff, 0x41, 10)]))).map(({ text }) => text),
      ['\ufffdA'],
    );
  });
});
