import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildKitLog } from '../../../src/clients/docker/buildKitLog';
import { classicLog } from '../../../src/clients/docker/buildLog';
import { decodeMessage, encodeTexts, messagesOf, textOf } from '../../../src/clients/docker/protobuf';

/** A field that holds a message, as BuildKit writes them. */
function nested(number: number, ...parts: readonly Buffer[]): Buffer {
  const text = Buffer.concat(parts).toString('latin1');
  // Texts of one byte a character: what is encoded is what was built.
  const { length } = text;
  const header = encodeTexts({ [number]: 'x'.repeat(length) }).subarray(0, -length || undefined);
  return Buffer.concat([header, ...parts]);
}

const started = nested(5, Buffer.from([0x08, 0x01]));
const vertex = (digest: string, name: string, ...more: readonly Buffer[]): Buffer =>
  nested(1, encodeTexts({ 1: digest, 3: name }), ...more);
const printed = (digest: string, text: string): Buffer => nested(3, encodeTexts({ 1: digest, 4: text }));

function trace(...parts: readonly Buffer[]): { readonly id: string; readonly aux: string } {
  return { id: 'moby.buildkit.trace', aux: Buffer.concat(parts).toString('base64') };
}

describe("BuildKit's trace", () => {
  it('is read as an engine sent it', () => {
    // Taken from Docker 20.10 while it loaded the context of a build.
    const sent =
      'Cn0KR3NoYTI1Njo1MWVjYTE4MDVmMzllODFjY2E3NWVjN2M0ZDAxMmFmNmY5MmE4MDJhMzU4OWU0YTdmNDdjYTNjYzg5ZmZlZTBmGiRbaW50ZXJuYWxdIGxvYWQgcmVtb3RlIGJ1aWxkIGNvbnRleHQqDAiok5XYBhDpiYzOAw==';
    const [found] = messagesOf(decodeMessage(Buffer.from(sent, 'base64')), 1);
    assert.ok(found);
    assert.equal(textOf(found, 3), '[internal] load remote build context');
    const lines: string[] = [];
    const log = buildKitLog((line) => lines.push(line));
    log.take({ id: 'moby.buildkit.trace', aux: sent });
    log.take({ id: 'moby.buildkit.trace', aux: sent });
    assert.deepEqual(lines, ['[internal] load remote build context']);
  });

  it('becomes lines, each told once and whole, and the failure of one step', () => {
    const lines: string[] = [];
    const log = buildKitLog((line) => lines.push(line));
    log.take(trace(vertex('a', '[stage-1 2/3] RUN make', started), printed('a', 'one\ntw')));
    log.take(trace(printed('a', 'o\u001b[31m red\u001b[0m\n')));
    log.take(trace(vertex('b', '[other 2/2] RUN sleep 9', started, encodeTexts({ 7: 'context canceled' }))));
    assert.equal(log.failure(), undefined);
    log.take(trace(vertex('a', '[stage-1 2/3] RUN make', encodeTexts({ 7: 'process "make" … exit code: 2' }))));
    log.take({ errorDetail: { message: 'failed to solve: process "make" … exit code: 2' } });
    assert.deepEqual(lines, ['[stage-1 2/3] RUN make', '  one', '  two red', '[other 2/2] RUN sleep 9']);
    assert.deepEqual(log.failure(), {
      step: '2/3',
      instruction: 'RUN make',
      why: 'its command ended with 2',
      lines: ['one', 'two red'],
    });
  });

  it('that is cut off is not taken for one', () => {
    assert.throws(() => decodeMessage(encodeTexts({ 1: 'abc' }).subarray(0, 3)), RangeError);
  });
});

describe('the log of the classic builder', () => {
  it('ends with the image, or with the step that failed', () => {
    const lines: string[] = [];
    const log = classicLog((line) => lines.push(line));
    for (const stream of ['Step 1/2 : FROM scratch\n', ' ---> \n', 'Step 2/2 : RUN x', '\n', 'not ', 'found\n'])
      log.take({ stream });
    log.take({ errorDetail: { message: "The command 'x' returned a non-zero code: 127" }, error: 'the same' });
    assert.deepEqual(log.failure(), {
      step: '2/2',
      instruction: 'RUN x',
      why: 'its command ended with 127',
      lines: ['not found'],
    });
    assert.deepEqual(lines, ['Step 1/2 : FROM scratch', ' ---> ', 'Step 2/2 : RUN x', 'not found']);
    assert.equal(log.imageId(), undefined);
  });
});
