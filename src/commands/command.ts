import type { App } from '../app';

/**
 * One command. `args` is what VS Code hands over: a tree node, a URI, the notebook of a toolbar, a model's name from
 * another command, or nothing from the palette; `app.chooseModel` and `app.chooseProject` make sense of it.
 * A UserError that it throws becomes a message with its remedy as a button; an abort is silent.
 */
export type Command = (app: App, ...args: readonly unknown[]) => Promise<unknown>;

/** Loads the command's module at its first use. */
export type LoadCommand = () => Promise<Command>;
