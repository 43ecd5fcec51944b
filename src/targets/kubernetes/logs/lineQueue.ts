/** Lines of many writers for one reader, so many at most that memory stays bounded. */
export class LineQueue<T> {
  readonly #most: number;
  readonly #items: T[] = [];
  #wakeReader: () => void = () => undefined;
  #wakeWriters: (() => void)[] = [];
  #end: { readonly error: Error | undefined } | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when there is room for more. */
  async push(items: readonly T[]): Promise<void> {
    this.#items.push(...items);
    this.#wakeReader();
    if (this.#items.length < this.#most || this.#end !== undefined) return;
    await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
  }

  /** No more will come. @param error thrown to the reader after the last item; undefined for none */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wakeReader();
    this.#letWrite();
  }

  async *read(): AsyncGenerator<T> {
    for (;;) {
      const items = this.#items.splice(0);
      this.#letWrite();
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  #letWrite(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }
}
