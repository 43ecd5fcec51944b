import * as vscode from 'vscode';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import { ObjectFiles, objectUri } from '../editor/explorer/objectFiles';
import type { Command } from './command';

/** Shows an object as YAML; saving the document applies what was changed. */
export const viewObject: Command = async (app, subject) => {
  const { cluster, ref } = await clusterSubject(app.clusters, subject);
  app.shared('slipway-object', () => new ObjectFiles(app.clusters));
  await vscode.window.showTextDocument(objectUri(cluster.id, ref), { preview: true });
};
