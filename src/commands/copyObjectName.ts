import * as vscode from 'vscode';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import type { Command } from './command';

/** Copies the name of an object. */
export const copyObjectName: Command = async (app, subject) => {
  const { ref } = await clusterSubject(app.clusters, subject);
  await vscode.env.clipboard.writeText(ref.name);
};
