import { withoutCredentials, withoutCredentialsIn } from './credentials';

/** What the user can do about an error. Data, so that the core needs no editor; `editor/` turns it into a button. */
export type Remedy =
  | { readonly kind: 'openSetting'; readonly label: string; readonly setting: string }
  | {
      readonly kind: 'runCommand';
      readonly label: string;
      readonly command: string;
      readonly args?: readonly unknown[];
    }
  | { readonly kind: 'openUrl'; readonly label: string; readonly url: string }
  | { readonly kind: 'openFile'; readonly label: string; readonly location: Location }
  | { readonly kind: 'hint'; readonly label: string };

/** A place in a file, or in a cell of a notebook. Lines count from 1. */
export interface Location {
  readonly file: string;
  readonly cell?: string;
  readonly line?: number;
}

/**
 * Facts that a view may show beside the message: the traceback, the last log lines, a conflict's parties.
 * Never secret values.
 */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface UserErrorOptions {
  readonly remedy?: Remedy | undefined;
  readonly cause?: unknown;
  readonly location?: Location | undefined;
  readonly details?: ErrorDetails | undefined;
}

/**
 * A failure that we foresaw: what happened, why, and what to do. Any other throw is a bug and is shown as one.
 * Recognise it by `code` (see {@link isUserError}), never by `instanceof`: bundles may hold two copies of this class.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly remedy: Remedy | undefined;
  readonly location: Location | undefined;
  readonly details: ErrorDetails;

  constructor(code: string, message: string, options: UserErrorOptions = {}) {
    super(withoutCredentials(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.location = options.location;
    this.details = withoutCredentialsIn(options.details ?? {});
  }
}

export function isUserError(error: unknown): error is UserError {
  return error instanceof Error && error.name === 'UserError' && 'code' in error;
}

/** Whether the failure is the user's own cancellation, which is never shown as an error. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || error.name === 'Canceled' || error.name === 'CancellationError')
  );
}
