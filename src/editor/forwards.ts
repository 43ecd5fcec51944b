import type * as vscode from 'vscode';
import type { DeployedModel } from '../core/deployment';
import type { Forward, Target } from '../core/target';

/** Ways to models inside of clusters that this window keeps open. */
export class Forwards implements vscode.Disposable {
  readonly #open = new Map<string, Promise<Forward>>();

  /** An address of this machine that leads to the model, as long as the window is open. @throws UserError ModelNotReady */
  async url(target: Target, { name }: DeployedModel, signal: AbortSignal): Promise<string> {
    const key = `${target.id}/${name}`;
    const opened = this.#open.get(key) ?? target.forward?.(name, signal);
    if (opened === undefined) throw new Error(`${target.id} opens no ways`);
    this.#open.set(key, opened);
    try {
      return (await opened).url;
    } catch (error) {
      this.#open.delete(key);
      throw error;
    }
  }

  dispose(): void {
    for (const opened of this.#open.values())
      opened.then(
        (forward) => forward.close(),
        () => undefined,
      );
  }
}
