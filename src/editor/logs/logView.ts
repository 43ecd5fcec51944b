import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import { isAbort } from '../../core/errors';
import type { Target } from '../../core/target';
import { followLogs, readLog, type LogEntry, type LogSource } from '../../pipeline/followLogs';
import type { LogFilter } from '../../pipeline/logFilter';
import { filterOf, type LogChoice } from './logChoice';
import { LogPane, paneLimits } from './logPane';
import { savedText } from './logText';
import { paced, type Paced } from './paced';

/** At most ten appends a second: each one is a message to the window. */
const appendIntervalMs = 100;

/** Whose logs are followed: a target with its models, a cluster with a container. */
export interface LogOwner extends Pick<Target, 'id' | 'displayName' | 'logs'> {
  /** Whether what is followed is still there. */
  has(name: string, signal: AbortSignal): Promise<boolean>;
}

export interface LogViewOptions {
  readonly target: LogOwner;
  readonly model: string;
  /** Lines to keep in memory. */
  readonly lines: number;
  readonly filter: LogFilter | undefined;
}

/** The followed log of one model in an output channel of its own. Following starts when it is made. */
export class LogView implements vscode.Disposable {
  readonly name: string;
  readonly model: string;
  readonly target: LogOwner;
  readonly #channel: vscode.OutputChannel;
  readonly #pane: LogPane;
  readonly #paced: Paced;
  readonly #stop = new AbortController();
  readonly #source: LogSource;
  #choice: LogChoice;
  #ended = false;

  constructor({ target, model, lines, filter }: LogViewOptions) {
    this.#choice = { filter };
    this.target = target;
    this.model = model;
    this.name = target.id === 'local' ? `Slipway: ${model}` : `Slipway: ${model} (${target.id})`;
    this.#channel = vscode.window.createOutputChannel(this.name, 'log');
    this.#pane = new LogPane(this.#channel, { ...paneLimits, items: lines });
    this.#paced = paced(() => {
      this.#pane.flush();
    }, appendIntervalMs);
    this.#source = (options, signal) => target.logs(model, options, signal);
    void this.#run(lines, filter);
  }

  /** False once the model was removed or its log failed for good: then it is followed anew. */
  get alive(): boolean {
    return !this.#ended;
  }

  get paused(): boolean {
    return this.#pane.paused;
  }

  get choice(): LogChoice {
    return this.#choice;
  }

  /** Who wrote lines so far. */
  get sources(): readonly string[] {
    return this.#pane.sources;
  }

  show(preserveFocus: boolean): void {
    this.#channel.show(preserveFocus);
  }

  /** Shows other lines: what is given replaces that part of the choice. */
  async choose(change: LogChoice): Promise<void> {
    this.#choice = { ...this.#choice, ...change };
    await this.#pane.rebuild(filterOf(this.#choice), this.#history());
  }

  async togglePause(): Promise<void> {
    if (this.#pane.paused) await this.#pane.rebuild(this.#pane.filter, this.#history());
    else this.#pane.pause();
  }

  /** Writes all that is kept of the log, unfiltered, to a file. */
  async save(file: string, signal: AbortSignal): Promise<void> {
    const history = this.#history();
    async function* text(): AsyncGenerator<string> {
      for await (const entry of history) yield `${savedText(entry)}\n`;
    }
    await pipeline(text, createWriteStream(file), { signal }).catch(async (error: unknown) => {
      await rm(file, { force: true });
      throw error;
    });
  }

  dispose(): void {
    this.#stop.abort();
    this.#paced.close();
    this.#channel.dispose();
  }

  async #run(lines: number, filter: LogFilter | undefined): Promise<void> {
    const { signal } = this.#stop;
    try {
      const seen = filter === undefined ? undefined : await this.#pane.rebuild(filter, this.#history());
      const options = {
        ...(seen !== undefined && seen.after > 0 ? seen : { tail: lines }),
        exists: () => this.target.has(this.model, signal),
        onInterrupted: (attempt: number) => {
          this.#interrupted(attempt);
        },
      };
      for await (const entry of followLogs(this.#source, options, signal)) {
        this.#pane.add(entry);
        this.#paced.request();
      }
      this.#pane.note(vscode.l10n.t('{0} was removed', this.model));
    } catch (error) {
      if (!isAbort(error))
        this.#pane.note(vscode.l10n.t('The log ended: {0}', error instanceof Error ? error.message : String(error)));
    } finally {
      this.#ended = true;
    }
  }

  #interrupted(attempt: number): void {
    if (attempt === 1) this.#pane.note(vscode.l10n.t('The connection to the log was lost and is opened again'));
  }

  #history(): AsyncGenerator<LogEntry> {
    return readLog(this.#source, {}, this.#stop.signal);
  }
}
