import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFilter } from '../../../src/pipeline/logFilter';
import { filterOf } from '../../../src/editor/logs/logChoice';
import { LogPane, type LogSink } from '../../../src/editor/logs/logPane';
import { paced } from '../../../src/editor/logs/paced';
import { BoundedQueue } from '../../../src/pipeline/boundedQueue';
import { readLog, type LogEntry } from '../../../src/pipeline/followLogs';
import { faultySource, line } from './faultySource';

const entry = (seq: number, text?: string, source?: string): LogEntry => ({
  kind: 'line',
  line: line(seq, text, source),
});
const never = new AbortController().signal;

class TextSink implements LogSink {
  text = '';
  calls = 0;
  append(text: string): void {
    this.text += text;
    this.calls += 1;
  }
  replace(text: string): void {
    this.text = text;
    this.calls += 1;
  }
  get messages(): readonly string[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((one) => one.replace(/^\S+ \[\S+\] /, ''));
  }
}

async function* entries(...all: readonly LogEntry[]): AsyncGenerator<LogEntry> {
  await Promise.resolve();
  yield* all;
}

describe('BoundedQueue', () => {
  it('keeps the newest within both bounds, and positions stay what they were', () => {
    const queue = new BoundedQueue<number>({ items: 1500, bytes: 4000 }, (item) => (item % 2) + 1);
    for (let index = 0; index < 10_000; index++) queue.push(index);
    assert.deepEqual([queue.start, queue.end, queue.bytes], [8500, 10_000, 2250]);
    assert.deepEqual([...queue.from(0)].length, 1500);
    assert.deepEqual([...queue.from(9998)], [9998, 9999]);
    const byBytes = new BoundedQueue<number>({ items: 1500, bytes: 10 }, () => 3);
    for (let index = 0; index < 5000; index++) byBytes.push(index);
    assert.deepEqual([...byBytes.from(0)], [4997, 4998, 4999]);
  });

  it('keeps one item that is larger than the bound', () => {
    const queue = new BoundedQueue<string>({ items: 5, bytes: 3 }, (item) => item.length);
    queue.push('a');
    queue.push('much too long');
    assert.deepEqual([...queue.from(0)], ['much too long']);
  });
});

describe('LogPane', () => {
  it('shows the new log below the old one, and filters the new one only', async () => {
    const sink = new TextSink();
    const pane = new LogPane(sink);
    const of = (generation: string, seq: number): LogEntry => ({
      kind: 'line',
      line: { ...line(seq, `${generation} ${String(seq)}`), generation },
    });
    pane.add(of('old', 1));
    pane.add(of('old', 2));
    pane.add({ kind: 'restart' });
    pane.add(of('new', 1));
    pane.flush();
    assert.deepEqual(sink.messages, ['old 1', 'old 2', '──── The model was removed and deployed again ────', 'new 1']);
    const seen = await pane.rebuild(undefined, entries(of('old', 1), of('old', 2)));
    assert.deepEqual(seen, { after: 2, generation: 'old' });
    assert.deepEqual(sink.messages, ['old 1', 'old 2', 'new 1']);
    await pane.rebuild(undefined, entries(of('new', 1)));
    assert.deepEqual(sink.messages, ['new 1']);
  });

  it('shows all that came in one append', () => {
    const sink = new TextSink();
    const pane = new LogPane(sink);
    for (let seq = 1; seq <= 500; seq++) pane.add(entry(seq));
    pane.flush();
    pane.flush();
    assert.equal(sink.calls, 1);
    assert.equal(sink.messages.length, 500);
    assert.match(sink.text, /^2026-01-01T00:00:00\.000Z \[3\/0\] line 1\n/);
  });

  it('says how many lines came too fast to be shown', () => {
    const sink = new TextSink();
    const pane = new LogPane(sink, { items: 10, bytes: 1_000_000 });
    for (let seq = 1; seq <= 25; seq++) pane.add(entry(seq));
    pane.flush();
    assert.match(sink.messages[0] ?? '', /15 lines came too fast/);
    assert.deepEqual(
      sink.messages.slice(1),
      Array.from({ length: 10 }, (_, index) => `line ${String(index + 16)}`),
    );
  });

  it('never holds more in the sink than twice what it keeps', () => {
    const sink = new TextSink();
    const pane = new LogPane(sink, { items: 100, bytes: 1_000_000 });
    let most = 0;
    for (let seq = 1; seq <= 5000; seq++) {
      pane.add(entry(seq));
      if (seq % 7 === 0) pane.flush();
      most = Math.max(most, sink.messages.length);
    }
    pane.flush();
    assert.ok(most <= 200, String(most));
    assert.equal(sink.messages.at(-1), 'line 5000');
  });

  it('rebuilds with a filter from the whole log, also from what it no longer keeps, and goes on without repetition', async () => {
    const sink = new TextSink();
    const pane = new LogPane(sink, { items: 20, bytes: 1_000_000 });
    const all = Array.from({ length: 100 }, (_, index) =>
      entry(index + 1, index % 30 === 0 ? `error ${String(index + 1)}` : 'fine'),
    );
    for (const one of all) pane.add(one);
    pane.flush();
    pane.add(entry(101, 'error 101'));
    await pane.rebuild(parseFilter('ERROR'), entries(...all));
    assert.deepEqual(sink.messages.slice(1), ['error 1', 'error 31', 'error 61', 'error 91', 'error 101']);
    assert.match(sink.messages[0] ?? '', /Filter: ERROR, 96 earlier lines do not match/);
    pane.add(entry(102, 'fine'));
    pane.add(entry(103, 'error 103'));
    pane.flush();
    assert.equal(sink.messages.at(-1), 'error 103');
    assert.equal(sink.messages.length, 7);
    await pane.rebuild(undefined, entries(...all));
    assert.equal(sink.messages.length, 20);
    assert.equal(sink.messages.at(-1), 'error 103');
  });

  it('shows nothing while paused, and then all of it once', async () => {
    const sink = new TextSink();
    const pane = new LogPane(sink);
    pane.add(entry(1));
    pane.pause();
    pane.add(entry(2));
    pane.note('not now');
    pane.flush();
    assert.deepEqual(sink.messages.slice(0, 1), ['line 1']);
    assert.equal(sink.messages.length, 2);
    assert.equal(pane.hasNews, false);
    await pane.rebuild(pane.filter, entries(entry(1)));
    assert.deepEqual(sink.messages, ['line 1', 'line 2']);
  });

  it('shows lines once that a reading numbers otherwise, and keeps those of a replica that is gone', async () => {
    const sink = new TextSink();
    const pane = new LogPane(sink);
    const at = (seq: number, second: number, text: string, source: string): LogEntry => ({
      kind: 'line',
      line: { ...line(seq, text, source), time: `2026-01-01T00:00:0${second}.000Z` },
    });
    const gone = [at(1, 1, 'one', '1/old'), at(2, 3, 'three', '1/old')];
    const stays = [at(3, 2, 'two', '1/new'), at(4, 4, 'four', '1/new'), at(5, 4, 'four', '1/new')];
    for (const entry of [...gone, ...stays]) pane.add(entry);
    pane.pause();
    pane.add(at(6, 5, 'five', '1/new'));
    const read = [at(1, 2, 'two', '1/new'), at(2, 4, 'four', '1/new'), at(3, 4, 'four', '1/new')];
    await pane.rebuild(undefined, entries(...read));
    assert.deepEqual(sink.messages, ['one', 'two', 'three', 'four', 'four', 'five']);
    assert.deepEqual(pane.sources, ['1/new', '1/old']);
    const hidden = filterOf({
      filter: parseFilter('!three'),
      hidden: new Set(['1/new']),
      since: '2026-01-01T00:00:01Z',
    });
    await pane.rebuild(hidden, entries(...read));
    assert.match(sink.text, /Filter: !three · without 1\/new · since 2026-01-01T00:00:01Z/);
    assert.deepEqual(sink.messages.slice(1), ['one']);
    assert.equal(filterOf({ hidden: new Set() }), undefined);
  });

  it('shows gaps in place', async () => {
    const sink = new TextSink();
    await new LogPane(sink).rebuild(undefined, readLog(faultySource([line(1), line(4)], []), {}, never));
    assert.deepEqual(sink.messages, ['line 1', '──── 2 lines were lost ────', 'line 4']);
  });
});

describe('parseFilter', () => {
  const shown = (filter: string, ...all: readonly LogEntry[]): readonly number[] =>
    all
      .filter((one) => parseFilter(filter)?.matches(one) ?? true)
      .map((one) => (one.kind === 'line' ? one.line.seq : -1));
  const log = [
    entry(1, 'GET /x 200', '3/0'),
    entry(2, 'ValueError: bad', '3/1'),
    entry(3, 'Release 4 has taken over.', 'supervisor'),
    entry(4, 'GET /y 500', '4/0'),
  ];

  it('takes words, expressions, their opposite, sources and streams', () => {
    assert.deepEqual(shown('get', ...log), [1, 3, 4]);
    assert.deepEqual(shown('/get .* 5\\d\\d/i', ...log), [3, 4]);
    assert.deepEqual(shown('!get', ...log), [2, 3]);
    assert.deepEqual(shown('source:3', ...log), [1, 2]);
    assert.deepEqual(shown('source:3/1', ...log), [2]);
    assert.deepEqual(shown('source:supervisor', ...log), [3]);
    assert.deepEqual(shown('source:3 stream:stdout !200', ...log), [2]);
    assert.deepEqual(shown('stream:stderr', ...log), []);
    assert.equal(parseFilter('  '), undefined);
    assert.deepEqual(shown('nothing', { kind: 'gap', after: 1, lost: 2 }), [-1]);
  });

  it('refuses a broken expression', () => {
    assert.throws(() => parseFilter('/(/'), SyntaxError);
  });
});

describe('paced', () => {
  it('runs at once, then at most once an interval, and always once after the last request', () => {
    let now = 0;
    const timers: { readonly at: number; readonly body: () => void }[] = [];
    const runs: number[] = [];
    const pace = paced(
      () => runs.push(now),
      100,
      (body, ms) => {
        const timer = { at: now + ms, body };
        timers.push(timer);
        return () => timers.splice(timers.indexOf(timer), 1);
      },
    );
    for (now = 0; now < 1000; now++) {
      for (const due of timers.filter((one) => one.at <= now)) {
        timers.splice(timers.indexOf(due), 1);
        due.body();
      }
      if (now < 950) pace.request();
    }
    assert.deepEqual(runs, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    for (now = 1000; timers.length > 0; now++) for (const due of timers.splice(0)) due.body();
    assert.equal(runs.length, 11);
    pace.close();
    pace.request();
    assert.equal(runs.length, 11);
  });
});
