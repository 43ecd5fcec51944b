import path from 'node:path';
import * as vscode from 'vscode';
import { readSetting } from '../editor/settings';
import { readConfig } from '../project/config';
import { projectName } from '../project/projectName';

interface ImageSettings {
  readonly insecure: readonly string[];
  readonly platform: string;
  /** Absent for Python's official image. */
  readonly base?: string;
}

/** What the settings say of images of a project. */
export function imageSettings(uri: vscode.Uri): ImageSettings {
  const configuration = vscode.workspace.getConfiguration(undefined, uri);
  const base = readSetting(configuration, 'slipway.baseImage').trim();
  return {
    insecure: readSetting(configuration, 'slipway.insecureRegistries'),
    platform: readSetting(configuration, 'slipway.platform'),
    ...(base === '' ? {} : { base }),
  };
}

/** The name that the image's repository takes: the project's. @throws UserError ConfigInvalid */
export async function modelName(folder: string): Promise<string> {
  const { name } = await readConfig(folder, AbortSignal.timeout(20_000));
  return name ?? projectName(path.basename(folder));
}
