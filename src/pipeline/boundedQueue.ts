export interface QueueLimits {
  readonly items: number;
  readonly bytes: number;
}

/**
 * The newest items within two bounds; older ones are forgotten. Every item keeps its position for ever: the first one
 * ever added has position 0, so a reader resumes where it stood and sees how many it missed.
 */
export class BoundedQueue<Item> {
  readonly #limits: QueueLimits;
  readonly #sizeOf: (item: Item) => number;
  #items: (Item | undefined)[] = [];
  #head = 0;
  #forgotten = 0;
  #bytes = 0;

  constructor(limits: QueueLimits, sizeOf: (item: Item) => number) {
    this.#limits = limits;
    this.#sizeOf = sizeOf;
  }

  /** Position of the oldest item that is kept. */
  get start(): number {
    return this.#forgotten;
  }

  /** Position that the next item gets. */
  get end(): number {
    return this.#forgotten + this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#bytes += this.#sizeOf(item);
    while (
      this.end - this.start > 1 &&
      (this.end - this.start > this.#limits.items || this.#bytes > this.#limits.bytes)
    )
      this.#forget();
  }

  /** The kept items from `position` on, oldest first. */
  *from(position: number): Generator<Item> {
    const first = this.#head + Math.max(0, position - this.#forgotten);
    for (const item of this.#items.slice(first)) if (item !== undefined) yield item;
  }

  #forget(): void {
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.#forgotten += 1;
    if (item !== undefined) this.#bytes -= this.#sizeOf(item);
    if (this.#head < 1024 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
