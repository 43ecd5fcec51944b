import type { Home } from '../../core/home';
import { heldForwards, stopForward } from '../../pipeline/forwards/heldForwards';
import type { Forwards } from './forwards';

/** While one is there, it is looked so often how they do. */
const lookMs = 1000;

/** Keeps the lasting forwards of this machine in the view. Nothing runs while there are none. */
export class LastingForwards {
  readonly #forwards: Forwards;
  readonly #home: () => Promise<Home>;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(forwards: Forwards, home: () => Promise<Home>) {
    this.#forwards = forwards;
    this.#home = home;
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const home = await this.#home();
    const held = await heldForwards(home);
    if (this.#isDisposed) return;
    this.#forwards.setLasting(
      held.map(({ target, model, phase, url, pod, reason }) => ({
        id: `held:${target}/${model}`,
        name: model,
        where: target,
        state: { phase, url, pod, ...(reason === undefined ? {} : { reason }) },
        problem: undefined,
        stop: async () => {
          await stopForward(home, target, model);
        },
      })),
    );
    clearTimeout(this.#timer);
    if (held.length > 0) this.#timer = setTimeout(() => void this.refresh().catch(() => undefined), lookMs);
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }
}
