import { watch, type FSWatcher } from 'node:fs';

/** Wakes when something in a folder changes, and at the latest after the poll interval: watches miss changes on some file systems. */
export class ChangeSignal {
  readonly #pollMs: number;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(folder: string, pollMs: number) {
    this.#pollMs = pollMs;
    try {
      this.#watcher = watch(folder, () => {
        this.notify();
      });
      this.#watcher.on('error', () => undefined);
    } catch {
      // The folder is absent yet, or the system has no watches left: polling is enough.
    }
  }

  /** Wakes the waiter for a reason of the owner's. */
  notify(): void {
    this.#changed = true;
    this.#wake();
  }

  /** @throws the signal's reason when aborted */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        };
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
          resolve();
        };
        const timer = setTimeout(done, this.#pollMs);
        signal.addEventListener('abort', abort, { once: true });
        this.#wake = done;
      });
    }
    this.#changed = false;
    this.#wake = () => undefined;
  }

  close(): void {
    this.#watcher?.close();
  }
}
