import * as vscode from 'vscode';
import type { ChosenModel } from './chooseModel';
import { withNotification } from './progress';

/** What happens to a model, and how the views learn of it. */
export interface ModelChange {
  readonly chosen: ChosenModel;
  /** Shown meanwhile: `Stopping iris`. */
  readonly title: string;
  readonly body: (signal: AbortSignal) => Promise<unknown>;
  readonly refresh: () => Promise<void>;
}

/** Changes a model under a cancellable notification and refreshes the views, also after a failure. */
export async function changeModel({ chosen, title, body, refresh }: ModelChange): Promise<void> {
  try {
    await withNotification(title, (progress, signal) => {
      progress.show(vscode.l10n.t('on {0}', chosen.target.displayName));
      return body(signal);
    });
  } finally {
    await refresh().catch(() => undefined);
  }
}
