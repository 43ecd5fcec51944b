import type * as vscode from 'vscode';
import type { App } from '../app';
import type { PipelineRun } from '../editor/runPipeline';
import { secretStore } from '../editor/secretStore';
import { problemsOf } from './inspectProject';

/** What every run of the pipeline on a project of this window shares. */
export function pipelineOf(
  app: App,
  uri: vscode.Uri,
  folder: string,
): Pick<PipelineRun<unknown>, 'log' | 'problems' | 'secrets' | 'path' | 'folder'> {
  return {
    log: app.log,
    problems: problemsOf(app),
    secrets: secretStore(app.extension.secrets, folder),
    path: uri.fsPath,
    folder,
  };
}
