import type * as vscode from 'vscode';
import type { DeployPlan } from './core/plan';
import type { Target } from './core/target';
import type { ChosenModel, ModelPrompt } from './editor/chooseModel';
import type { ModelFeed } from './editor/modelFeed';
import type { ModelRef } from './editor/subject';
import type { Services } from './pipeline/services';

/** What commands and views share. Built once in `extension.ts` and passed in; there are no module-level singletons. */
export interface App {
  readonly extension: vscode.ExtensionContext;
  /** The one log of the extension: what deploys print, what fails. */
  readonly log: vscode.LogOutputChannel;
  /** Every model of every target as last seen; it watches only while someone looks. */
  readonly models: ModelFeed;
  /** The plan of the last deploy from this window, by the project's folder. */
  readonly plans: Map<string, DeployPlan>;
  /** Opened at first use, and again after the home folder in the settings changed. */
  services(): Promise<Services>;
  /** @throws UserError TargetUnknown */
  target(id: string): Promise<Target>;
  /**
   * The model that a command is about: what was clicked, or a name given by another command, else a pick among
   * those that fit. Undefined when the user cancelled the pick.
   * @param subject the first argument of the command, whatever it is
   * @throws UserError NoModels, ModelNotFound
   */
  chooseModel(subject: unknown, prompt: ModelPrompt): Promise<ChosenModel | undefined>;
  /**
   * The folder, notebook or model file that a command is about: what was right-clicked, else the active notebook, else
   * one pick among the workspace's folders and notebooks. Undefined when the user cancelled the pick.
   * @throws UserError NoFolder, NotOnDisk
   */
  chooseProject(subject: unknown): Promise<vscode.Uri | undefined>;
  /** Shows the model in the Models view, without taking the focus away from an editor. */
  reveal(model: ModelRef): Promise<void>;
  /** One object a window, made at first use and disposed with the extension: a register of log followers, a provider. */
  shared<T extends vscode.Disposable>(key: string, make: () => T): T;
}
