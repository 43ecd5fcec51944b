import * as vscode from 'vscode';
import type { ClusterObjects, ExecSession, ObjectRef } from '../../core/cluster';

/** The best shell that the image has. The words are ours; nothing of the user's is put into them. */
const command = ['/bin/sh', '-c', 'TERM=xterm-256color; export TERM; [ -x /bin/bash ] && exec /bin/bash; exec /bin/sh'];

/** A terminal of the editor that runs a shell in a container. */
export function openShell(objects: ClusterObjects, pod: ObjectRef, container: string): vscode.Terminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<number>();
  let session: ExecSession | undefined;
  let size: vscode.TerminalDimensions | undefined;
  /** What was typed before the shell was there. */
  let typed = '';
  const say = (text: string): void => {
    written.fire(`\r\n\u001b[2m${text}\u001b[0m\r\n`);
  };
  const start = async (): Promise<void> => {
    try {
      session = await objects.exec(pod, container, command, (data) => {
        written.fire(data);
      });
      if (size !== undefined) session.resize(size.columns, size.rows);
      if (typed !== '') session.write(typed);
      typed = '';
      const code = await session.exit;
      say(vscode.l10n.t('The shell ended with exit code {0}.', code));
      session = undefined;
      if (code === 0) closed.fire(0);
    } catch (error) {
      session = undefined;
      say(error instanceof Error ? error.message : String(error));
    }
  };
  const pty: vscode.Pseudoterminal = {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: (dimensions) => {
      size = dimensions;
      void start();
    },
    close: () => session?.close(),
    handleInput: (data) => {
      if (session === undefined) typed += data;
      else session.write(data);
    },
    setDimensions: (dimensions) => {
      size = dimensions;
      session?.resize(dimensions.columns, dimensions.rows);
    },
  };
  const terminal = vscode.window.createTerminal({
    name: `${pod.name} / ${container}`,
    pty,
    iconPath: new vscode.ThemeIcon('terminal'),
  });
  terminal.show();
  return terminal;
}
