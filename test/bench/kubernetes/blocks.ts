/** How long code kept the event loop from anything else. */
export interface Longest {
  /** By the clock: other processes of a busy machine are part of it. */
  readonly wallMs: number;
  /** What the thread itself computed meanwhile. */
  readonly ownMs: number;
}

const everyMs = 5;

/** Looks every few milliseconds how late it is, and how much the thread computed since. */
export class Blocks {
  #wall = performance.now();
  #cpu = cpuMs();
  #longest = { wallMs: 0, ownMs: 0 };

  constructor() {
    setInterval(() => {
      const [wall, cpu] = [performance.now(), cpuMs()];
      const { wallMs, ownMs } = this.#longest;
      this.#longest = {
        wallMs: Math.max(wallMs, wall - this.#wall - everyMs),
        ownMs: Math.max(ownMs, cpu - this.#cpu),
      };
      [this.#wall, this.#cpu] = [wall, cpu];
    }, everyMs).unref();
  }

  get longest(): Longest {
    return this.#longest;
  }

  reset(): void {
    this.#longest = { wallMs: 0, ownMs: 0 };
    [this.#wall, this.#cpu] = [performance.now(), cpuMs()];
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
