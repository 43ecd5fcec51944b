import type { Command } from './command';
import { deployProject } from './deployModel';
import { modelOf } from '../editor/subject';
import { releaseOrigins } from '../pipeline/releaseOrigin';
import * as vscode from 'vscode';

/** Executes the notebook again although nothing changed, and deploys what comes out. On a model: the project it came from. */
export const trainAgain: Command = async (app, subject) => {
  const model = modelOf(subject);
  if (model === undefined) {
    await deployProject(app, subject, true);
    return;
  }
  const [origin] = await releaseOrigins((await app.services()).home, model.name);
  await deployProject(app, origin === undefined ? undefined : vscode.Uri.file(origin.project), true);
};
