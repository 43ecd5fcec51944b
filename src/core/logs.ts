/** One line that a replica, a supervisor or a training run wrote. */
export interface LogLine {
  /** Strictly increasing within a model; a jump means that lines were lost, and views show it as a gap. */
  readonly seq: number;
  /** ISO 8601 in UTC with milliseconds. */
  readonly time: string;
  /** `3/0` is replica 0 of release 3; `supervisor` speaks for itself. */
  readonly source: string;
  readonly stream: 'stdout' | 'stderr' | 'system';
  readonly text: string;
  /** So many lines before this one are lost for good: reading again would not bring them. */
  readonly lost?: number;
  /** Names the log that `seq` counts in: a model that was removed and deployed again starts another one from 1. */
  readonly generation?: string;
}

export interface LogOptions {
  /** Yield only lines with a greater sequence number: the cursor to resume from without loss or repetition. */
  readonly after?: number;
  /** The log that `after` counts in. When the model has another one meanwhile, that is read from its start. */
  readonly generation?: string;
  /** Start this many lines before the end; ignored when `after` is given. */
  readonly tail?: number;
  /** Yield only lines that were written then or later, RFC 3339; ignored when `after` is given. */
  readonly since?: string;
  /** Keep waiting for lines that are yet to come. */
  readonly follow: boolean;
}
