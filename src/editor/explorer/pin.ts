import * as vscode from 'vscode';
import type { TargetContext } from '../../core/target';
import { readSetting } from '../settings';

/** What this workspace is about; undefined when it is not told. */
export function readPin(): TargetContext['pinned'] {
  const configuration = vscode.workspace.getConfiguration();
  const context = readSetting(configuration, 'slipway.context');
  const namespace = readSetting(configuration, 'slipway.namespace');
  return context === '' ? undefined : { context, namespace: namespace === '' ? undefined : namespace };
}

/** Writes into the settings of the workspace, which the views follow. */
export async function writePin(context: string | undefined, namespace: string | undefined): Promise<void> {
  const configuration = vscode.workspace.getConfiguration();
  await configuration.update('slipway.context', context, vscode.ConfigurationTarget.Workspace);
  await configuration.update('slipway.namespace', namespace, vscode.ConfigurationTarget.Workspace);
}
