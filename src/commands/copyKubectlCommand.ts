import * as vscode from 'vscode';
import { clusterSubject } from '../editor/explorer/clusterSubject';
import type { Command } from './command';

/** Copies the kubectl command that shows the object; it names its context and namespace. */
export const copyKubectlCommand: Command = async (app, subject) => {
  const { cluster, ref } = await clusterSubject(app.clusters, subject);
  const namespace = ref.namespace === undefined ? [] : ['--namespace', ref.namespace];
  const words = [
    'kubectl',
    '--context',
    cluster.displayName,
    ...namespace,
    'get',
    ref.plural,
    ref.name,
    '--output',
    'yaml',
  ];
  await vscode.env.clipboard.writeText(words.map(quoted).join(' '));
};

/** For a POSIX shell; names are what a cluster says they are. */
function quoted(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
