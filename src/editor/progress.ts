import * as vscode from 'vscode';

export interface Progress {
  /** Replaces the message; `share` from 0 to 1 is how far the whole has come, when that is known. */
  show(message: string, share?: number): void;
}

/** Runs `body` under a notification with a Cancel button, which aborts the signal. */
export function withNotification<T>(
  title: string,
  body: (progress: Progress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return run({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, body);
}

/** Runs `body` under the progress line of a view. */
export function withViewProgress<T>(viewId: string, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return run({ location: { viewId } }, (_progress, signal) => body(signal));
}

async function run<T>(
  options: vscode.ProgressOptions,
  body: (progress: Progress, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return vscode.window.withProgress(options, async (shown, token) => {
    const controller = new AbortController();
    const subscription = token.onCancellationRequested(() => {
      controller.abort();
    });
    let reached = 0;
    const show = (message: string, share?: number): void => {
      const increment = share === undefined ? 0 : Math.max(0, share * 100 - reached);
      reached += increment;
      shown.report(increment > 0 ? { message, increment } : { message });
    };
    try {
      return await body({ show }, controller.signal);
    } finally {
      subscription.dispose();
    }
  });
}
