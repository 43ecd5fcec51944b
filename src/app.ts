import * as vscode from 'vscode';
import { defaultHome } from './core/home';
import type { DeployPlan } from './core/plan';
import type { TakeOverQuestion, Target } from './core/target';
import type { ChosenModel, ModelPrompt } from './editor/chooseModel';
import { clusterStore } from './editor/explorer/openStore';
import type { ClusterStore } from './editor/explorer/clusterStore';
import { Forwards } from './editor/explorer/forwards';
import type { Disposable } from './editor/feed';
import { makeModelFeed, type ModelFeed } from './editor/modelFeed';
import type { RegistryAccess } from './editor/registry/logIn';
import { registryStore } from './editor/registry/openStore';
import type { RegistryStore } from './editor/registry/registryStore';
import { typedCredentials } from './editor/registry/typedCredentials';
import { readPin } from './editor/explorer/pin';
import { readSetting } from './editor/settings';
import type { ModelRef } from './editor/subject';
import type { Services } from './pipeline/services';

/** What commands and views share. Built once in `extension.ts` and passed in; there are no module-level singletons. */
export interface App {
  readonly extension: vscode.ExtensionContext;
  /** The one log of the extension: what deploys print, what fails. */
  readonly log: vscode.LogOutputChannel;
  /** Every model of every target as last seen; it watches only while someone looks. */
  readonly models: ModelFeed;
  /** The clusters that can be explored, and what was opened of them. */
  readonly clusters: ClusterStore;
  /** The port forwards of this window. */
  readonly forwards: Forwards;
  /** What registries hold of Slipway's images, as last read. */
  readonly registries: RegistryStore;
  /** The plan of the last deploy from this window, by the project's folder. */
  readonly plans: Map<string, DeployPlan>;
  /** Opened at first use, and again after the home folder in the settings changed. */
  services(): Promise<Services>;
  /** Has the services opened again at their next use: an interpreter was installed, for instance. */
  reopenServices(): void;
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
   * one pick among the workspace's folders. Undefined when the user cancelled the pick.
   * @throws UserError NoFolder, NotOnDisk
   */
  chooseProject(subject: unknown): Promise<vscode.Uri | undefined>;
  /** Shows the model, or a release of it, in the Models view, without taking the focus away from an editor. */
  reveal(model: ModelRef, version?: number): Promise<void>;
  /** Shows a row of a list in the Clusters view, also one behind those that are shown. */
  revealRow(parentId: string, id: string): Promise<void>;
  /** How registries are reached: hosts that need no encryption, and what the user typed. */
  registryAccess(): RegistryAccess;
  /** Looks which ports other processes hold; while there are any, they are shown as they do. */
  refreshForwards(): Promise<void>;
  /** Takes one snapshot of all models, for the views and the status bar. */
  refresh(): Promise<void>;
  /** One object a window, made at first use and disposed with the extension: a register of log followers, a provider. */
  shared<T extends vscode.Disposable>(key: string, make: () => T): T;
}

/** What the Models view does for the app. */
export interface ModelsView extends Disposable {
  reveal(model: ModelRef, version?: number): Promise<void>;
}

/** What the Clusters view does for the app. */
export interface ClustersView extends Disposable {
  reveal(parentId: string, id: string): Promise<void>;
}

/** @param views asked for when they are needed: they are made after the app */
export function createApp(
  extension: vscode.ExtensionContext,
  views: { readonly models: () => ModelsView; readonly clusters: () => ClustersView },
): App {
  const log = vscode.window.createOutputChannel('Slipway', { log: true });
  const objects = new Map<string, vscode.Disposable>();
  const opener = serviceOpener(extension);
  const services = opener.open;
  const models = makeModelFeed(services);
  const read = async (): Promise<readonly ChosenModel[]> => {
    const { readModels } = await import('./editor/modelFeed');
    return readModels(models, await services(), AbortSignal.timeout(20_000));
  };
  const registryAccess = (): RegistryAccess => ({
    insecure: readSetting(vscode.workspace.getConfiguration(), 'slipway.insecureRegistries'),
    credentials: typedCredentials(extension.secrets),
  });
  const registries = registryStore(extension, services, registryAccess);
  const clusters = clusterStore(services);
  const forwards = new Forwards();
  const lasting = openOnce(async () => {
    const { LastingForwards } = await import('./editor/explorer/lastingForwards');
    const opened = new LastingForwards(forwards, async () => (await services()).home);
    extension.subscriptions.push(opened);
    return opened;
  });
  const refreshForwards = async (): Promise<void> => (await lasting()).refresh();
  // Models are shown: so are the ports that lead to them.
  const first = models.onChange(() => {
    first.dispose();
    void refreshForwards().catch(() => undefined);
  });
  extension.subscriptions.push(log, models, registries, clusters, forwards, {
    dispose: () => {
      opener.forget();
      for (const object of objects.values()) object.dispose();
    },
  });
  return {
    extension,
    log,
    models,
    clusters,
    forwards,
    registries,
    plans: new Map(),
    services,
    reopenServices: opener.forget,
    target: async (id) => (await import('./pipeline/services')).openTarget(await services(), id),
    chooseModel: async (subject, prompt) => (await import('./editor/chooseModel')).chooseModel(read, subject, prompt),
    chooseProject: async (subject) =>
      (await import('./editor/chooseProject')).chooseProject(extension.workspaceState, subject),
    registryAccess,
    reveal: (model, version) => views.models().reveal(model, version),
    revealRow: (parentId, id) => views.clusters().reveal(parentId, id),
    refreshForwards,
    refresh: async () => {
      await read();
    },
    shared: <T extends vscode.Disposable>(key: string, make: () => T): T => {
      const object = objects.get(key) ?? make();
      objects.set(key, object);
      return object as T;
    },
  };
}

function openOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

interface ServiceOpener {
  readonly open: () => Promise<Services>;
  readonly forget: () => void;
}

/** Opens the services for what the settings name now. */
function serviceOpener(extension: vscode.ExtensionContext): ServiceOpener {
  let opened: { readonly key: string; readonly services: Services } | undefined;
  const open = async (): Promise<Services> => {
    const setting = readSetting(vscode.workspace.getConfiguration(), 'slipway.home');
    const home = setting === '' ? defaultHome() : setting;
    const kubeconfig = readSetting(vscode.workspace.getConfiguration(), 'slipway.kubeconfig');
    const namespaces = readSetting(vscode.workspace.getConfiguration(), 'slipway.namespaces');
    const proxy = vscode.workspace.getConfiguration('http').get('proxy', '');
    const nodeOperations = readSetting(vscode.workspace.getConfiguration(), 'slipway.nodeOperations');
    const pinned = readPin();
    const key = JSON.stringify([home, kubeconfig, namespaces, proxy, nodeOperations, pinned]);
    if (opened?.key === key) return opened.services;
    const { makeServices } = await import('./pipeline/services');
    const resources = vscode.Uri.joinPath(extension.extensionUri, 'resources').fsPath;
    const surroundings = {
      credentials: typedCredentials(extension.secrets).find,
      environments: async (file: string) => (await import('./editor/environments')).environmentsOf(file),
    };
    const context = {
      home,
      resources,
      program: 'VS Code',
      kubeconfig,
      namespaces,
      proxy,
      nodeOperations,
      takeOver: async (question: TakeOverQuestion) => (await import('./editor/takeOver')).askTakeOver(question),
      ...(pinned && { pinned }),
    };
    forget();
    opened = { key, services: makeServices(context, surroundings) };
    return opened.services;
  };
  const forget = (): void => {
    opened?.services.close();
    opened = undefined;
  };
  return { open, forget };
}
