import * as vscode from 'vscode';
import { readSetting } from '../settings';
import { parseFilter } from '../../pipeline/logFilter';
import { LogView, type LogOwner } from './logView';

const memoryKey = 'slipway.followedLogs';
/** While it is set, the commands that change a followed log are offered. */
const contextKey = 'slipway.followingLogs';

/** What is remembered of a followed log beyond the window's end: nothing is opened by it. */
interface Remembered {
  readonly filter?: string;
}

/** The followed logs of this window, one view a model. */
export class LogViews implements vscode.Disposable {
  readonly #views = new Map<string, LogView>();
  readonly #memory: vscode.Memento;
  #last: LogView | undefined;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** Follows a model's log and shows it; a log that was followed before goes on as it was, with its filter. */
  async follow(target: LogOwner, model: string, preserveFocus: boolean): Promise<LogView> {
    const key = keyOf(target.id, model);
    let view = this.#views.get(key);
    if (view?.alive !== true) {
      view?.dispose();
      const lines = readSetting(vscode.workspace.getConfiguration(), 'slipway.logs.maxLines');
      view = new LogView({ target, model, lines, filter: this.#rememberedFilter(key) });
      this.#views.set(key, view);
      await this.#remember(view);
    }
    this.#last = view;
    view.show(preserveFocus);
    await vscode.commands.executeCommand('setContext', contextKey, true);
    return view;
  }

  async setFilter(view: LogView, text: string): Promise<void> {
    await view.choose({ filter: parseFilter(text) });
    await this.#remember(view);
  }

  /** Ends following; the log itself stays where it is. */
  async close(view: LogView): Promise<void> {
    const key = keyOf(view.target.id, view.model);
    this.#views.delete(key);
    view.dispose();
    const others = Object.entries(this.#remembered()).filter(([one]) => one !== key);
    await this.#memory.update(memoryKey, Object.fromEntries(others));
    await vscode.commands.executeCommand('setContext', contextKey, this.#views.size > 0);
  }

  /** The view that a command is about: the named model's, the one in sight, the only one, else a pick. */
  async choose(named: { readonly name: string } | undefined, title: string): Promise<LogView | undefined> {
    const views = [...this.#views.values()];
    const byName = views.find((view) => view.model === named?.name);
    const inSight = vscode.window.visibleTextEditors
      .map((editor) => this.ofDocument(editor.document.uri))
      .find((view) => view !== undefined);
    const found = byName ?? inSight ?? (views.length === 1 ? views[0] : undefined);
    if (found !== undefined || views.length === 0) return found;
    const ordered = views.sort((left, right) => Number(right === this.#last) - Number(left === this.#last));
    return (
      await vscode.window.showQuickPick(
        ordered.map((view) => ({ label: view.model, description: view.target.displayName, view })),
        { title },
      )
    )?.view;
  }

  /** The view that an output document belongs to. VS Code names it after the extension, a number and the channel. */
  ofDocument(uri: vscode.Uri): LogView | undefined {
    if (uri.scheme !== 'output') return undefined;
    const channel = /#\d+-(?<name>.+)$/.exec(uri.path)?.groups?.['name'];
    return [...this.#views.values()].find((view) => view.name === channel);
  }

  dispose(): void {
    for (const view of this.#views.values()) view.dispose();
  }

  #remembered(): Readonly<Record<string, Remembered>> {
    return this.#memory.get<Readonly<Record<string, Remembered>>>(memoryKey, {});
  }

  #rememberedFilter(key: string): ReturnType<typeof parseFilter> {
    return parseFilter(this.#remembered()[key]?.filter ?? '');
  }

  async #remember(view: LogView): Promise<void> {
    const { filter } = view.choice;
    const entry = filter === undefined ? {} : { filter: filter.text };
    await this.#memory.update(memoryKey, { ...this.#remembered(), [keyOf(view.target.id, view.model)]: entry });
  }
}

function keyOf(targetId: string, model: string): string {
  return `${targetId}/${model}`;
}
