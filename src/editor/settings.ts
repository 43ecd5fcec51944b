import type * as vscode from 'vscode';

/** Every setting with its default; the manifest says the same, which a test checks. */
export const settingDefaults = {
  /** Folder for all state; empty for the platform's data directory. */
  'slipway.home': '',
  /** Lines of a model's log that the editor keeps; the rest stays on disk. */
  'slipway.logs.maxLines': 10_000,
  /** How long a release may take from its start to its first answer. */
  'slipway.deploy.readyTimeoutSeconds': 300,
  /** `HOST` or `HOST/NAMESPACE`: where images go in workspaces in which nothing was chosen yet; empty asks. */
  'slipway.registry': '',
  /** Hosts that may be spoken to without encryption. */
  'slipway.insecureRegistries': [] as readonly string[],
  /** Base image; empty for Python's official one. */
  'slipway.baseImage': '',
  /** Kubeconfig files instead of those of the environment, with the system's path delimiter between them. */
  'slipway.kubeconfig': '',
  /** Namespaces of Kubernetes to show to those who may not list them. */
  'slipway.namespaces': [] as readonly string[],
  /** The context of Kubernetes that a workspace is about; empty for none. */
  'slipway.context': '',
  /** The namespace that a workspace is about in that context; empty for that of the context. */
  'slipway.namespace': '',
  /** Contexts of Kubernetes on which destructive acts want the name typed; `*` stands for any characters. */
  'slipway.protectedContexts': [] as readonly string[],
  /** Whether nodes may be cordoned and drained from the view. */
  'slipway.nodeOperations': false,
  /** What images run on. */
  'slipway.platform': 'linux/amd64',
};

export type Settings = typeof settingDefaults;

/**
 * One setting, or its default when the user's value has another type.
 * @param configuration `vscode.workspace.getConfiguration(undefined, uri)`; the URI decides the folder of resource settings
 */
export function readSetting<Name extends keyof Settings>(
  configuration: vscode.WorkspaceConfiguration,
  name: Name,
): Settings[Name] {
  const value = configuration.get<unknown>(name);
  return fits(value, settingDefaults[name]) ? (value as Settings[Name]) : settingDefaults[name];
}

function fits(value: unknown, usual: unknown): boolean {
  if (!Array.isArray(usual)) return typeof value === typeof usual;
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
