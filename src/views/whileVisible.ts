import type * as vscode from 'vscode';
import type { Disposable } from '../editor/feed';

/** Holds something exactly while a view is visible. */
export function whileVisible(view: vscode.TreeView<unknown>, hold: () => Disposable): Disposable {
  let held: Disposable | undefined;
  const follow = (visible: boolean): void => {
    if (visible) held ??= hold();
    else {
      held?.dispose();
      held = undefined;
    }
  };
  follow(view.visible);
  const subscription = view.onDidChangeVisibility((event) => {
    follow(event.visible);
  });
  return {
    dispose: () => {
      subscription.dispose();
      held?.dispose();
    },
  };
}
