import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { escapeMarkdown, formatBytes, formatTime, shortDigest } from '../../../src/tree/format';
import { describeModel, summarize } from '../../../src/tree/modelText';
import { untranslated } from '../../../src/tree/node';
import { firstPage } from '../../../src/tree/pages';
import { model } from './models';

describe('texts of the trees', () => {
  it('writes sizes with the digits that matter', () => {
    const written = [0, 999, 1024, 1536, 10 * 1024, 1023 * 1024, 4.25 * 1024 ** 3, 2 ** 50].map(formatBytes);
    assert.deepEqual(written, ['0 B', '999 B', '1.0 KB', '1.5 KB', '10 KB', '1.0 MB', '4.3 GB', '1024 TB']);
  });

  it('writes times to the minute and leaves what is no time as it is', () => {
    assert.match(formatTime('2026-11-24T09:30:12.000Z'), /^2026-11-2\d \d\d:\d\d$/);
    assert.equal(formatTime('soon'), 'soon');
    assert.equal(shortDigest('sha256:0123456789abcdef'), '0123456789ab');
  });

  it('lets no text of a model become a link or a picture in a tooltip', () => {
    assert.equal(escapeMarkdown('[a](b) <img> `c`'), '\\[a\\]\\(b\\) \\<img\\> \\`c\\`');
  });

  it('says in the status bar how one or many models are, and nothing of none', () => {
    assert.equal(summarize([], untranslated), undefined);
    assert.deepEqual(summarize([model()], untranslated), { text: 'iris: Ready', failed: false });
    assert.deepEqual(summarize([model(), model({ phase: 'Stopped' })], untranslated), {
      text: '1 of 2 ready',
      failed: false,
    });
    assert.deepEqual(summarize([model(), model({ phase: 'Failed' })], untranslated), {
      text: '1 of 2 failed',
      failed: true,
    });
  });

  it('tells stopping from starting', () => {
    const stopping = model({ phase: 'Progressing', rollout: { version: 1, step: 'stopping' }, version: 1 });
    assert.deepEqual(summarize([stopping], untranslated)?.text, 'iris: Stopping');
    assert.match(describeModel(stopping), /^v1 · Stopping · /);
  });

  it('shows long lists page by page', () => {
    const rows = Array.from({ length: 120 }, (_, index) => index);
    assert.deepEqual(firstPage(rows).more, 70);
    assert.equal(firstPage(rows, 100).shown.length, 100);
    assert.deepEqual(firstPage(rows.slice(0, 51)), { shown: rows.slice(0, 51), more: 0 });
  });
});
