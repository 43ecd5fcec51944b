import type * as vscode from 'vscode';

/** Every setting with its default; the manifest says the same, which a test checks. */
export const settingDefaults = {
  /** Folder for all state; empty for the platform's data directory. */
  'slipway.home': '',
  /** Lines of a model's log that the editor keeps; the rest stays on disk. */
  'slipway.logs.maxLines': 10_000,
  /** How long a release may take from its start to its first answer. */
  'slipway.deploy.readyTimeoutSeconds': 300,
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
  return typeof value === typeof settingDefaults[name] ? (value as Settings[Name]) : settingDefaults[name];
}
